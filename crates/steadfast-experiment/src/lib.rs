//! The experiment core: what an experiment is, the loop that trains one, and the registry that finds it by name.
//!
//! # Overview
//!
//! An [`Experiment`] loads data, builds a model, does one training step and validates. [`train`] does everything
//! around that: it restores the newest checkpoint, counts epochs and steps, keeps the means of an epoch, decides which
//! epoch is best and when to end early, writes a row of metrics for each epoch, saves checkpoints, and leaves a
//! `result.json`. An [`ExperimentFactory`] turns the name in a config into a [`Prepared`] experiment.
//!
//! # Guarantees
//!
//! - A run that is interrupted anywhere, any number of times, ends with the same bytes in `metrics.jsonl`,
//!   `result.json` and the models as one that was not, if the experiment keeps its side (see [`Experiment`]).
//! - A checkpoint is announced ([`Event::Saved`]) only after it is safe on disk.
//! - A checkpoint of another config or other data is refused ([`TrainError::Refused`]), with nothing changed.
//! - Observers see everything and change nothing.
//!
//! # Limitations
//!
//! There are no tensors here: numbers cross as named bytes ([`ExperimentState`]), a copy for each checkpoint.

mod bits;
mod clocks;
mod early_stopping;
mod error;
mod error_chain;
mod event;
mod experiment;
mod factory;
mod finite;
mod inference;
mod lineage;
mod metrics;
mod plan;
mod progress;
mod rebuild;
mod result;
mod saved_state;
mod session;
mod settings;
mod stop;
mod timing;
mod train;

pub use bits::Bits;
pub use early_stopping::{Best, Goal, Patience};
pub use error::{BoxError, ExperimentError, FailureClass, TrainError};
pub use error_chain::one_line;
pub use event::{Event, Observer};
pub use experiment::{DataSummary, Experiment, ExperimentState, ModelSummary, Position, StepReport};
pub use factory::{ExperimentFactory, ExperimentKind, Prepare, Prepared, check_monitor, check_monitors};
pub use inference::{Evaluation, Inference, Part};
pub use lineage::{Ancestor, Lineage, MadeBy};
pub use metrics::{Accumulator, Metrics, json_number};
pub use plan::RunPlan;
pub use progress::{Finish, Progress};
pub use rebuild::{Rebuilt, failed_result, rebuild};
pub use result::{FailureReport, RunResult, RunStatus};
pub use session::{Outcome, Parent, TrainContext};
pub use settings::{CheckpointSchedule, EarlyStopping, LoopSettings, Monitor};
pub use stop::StopSignal;
pub use timing::{EpochTiming, Timing};
pub use train::train;
