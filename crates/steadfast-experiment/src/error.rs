//! What can go wrong in a run, sorted by what can be done about it.

use std::error::Error as StdError;

use serde::{Deserialize, Serialize};
use steadfast_state::{SaveError, StateError};

/// Any error of an experiment's own, with its causes.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// The kind of a failure, as `result.json` names it. It decides whether a retry can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FailureClass {
    /// The config asks for something that cannot be.
    Config,
    /// The data is missing, damaged or does not fit the model.
    Data,
    /// A number stopped being finite.
    Numeric,
    /// Memory ran out.
    OutOfMemory,
    /// The disk refused to keep what was written.
    Storage,
    /// The experiment's code panicked.
    Panic,
    /// The process was killed from outside.
    Killed,
    /// The run was asked to stop. No fault, and the same command continues.
    Interrupted,
    /// The experiment failed in another way.
    Other,
}

impl FailureClass {
    /// The name in `result.json` and in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Data => "data",
            Self::Numeric => "numeric",
            Self::OutOfMemory => "out_of_memory",
            Self::Storage => "storage",
            Self::Panic => "panic",
            Self::Killed => "killed",
            Self::Interrupted => "interrupted",
            Self::Other => "other",
        }
    }

    /// Whether the same work, tried again, could end differently.
    ///
    /// Everything here is deterministic, so only causes outside the experiment can go away.
    pub fn retry_can_help(self) -> bool {
        matches!(self, Self::Data | Self::OutOfMemory | Self::Storage | Self::Killed)
    }
}

/// What an [`Experiment`](crate::Experiment) reports when it cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExperimentError {
    /// The config passed every check made without data, but does not fit what was found.
    #[error("the config does not fit: {message}")]
    Config {
        /// What does not fit, and what would.
        message: String,
    },
    /// The data is missing, damaged or of the wrong shape.
    #[error("the data cannot be used")]
    Data(#[source] BoxError),
    /// A loss or gradient is NaN or infinite. Nothing was changed by the step.
    #[error("{what} is {value} at step {step}")]
    Numeric {
        /// Which number: `the training loss`, `the gradient norm`.
        what: String,
        /// NaN or an infinity.
        value: f64,
        /// Steps done before the one that failed.
        step: u64,
    },
    /// Memory ran out, or would.
    #[error("out of memory: {message}")]
    OutOfMemory {
        /// How much was asked for, and for what.
        message: String,
    },
    /// A saved state does not belong to this experiment.
    #[error("the saved state does not fit the experiment: {message}")]
    State {
        /// Which part does not fit.
        message: String,
    },
    /// Computing failed in another way.
    #[error("the computation failed")]
    Compute(#[source] BoxError),
}

impl ExperimentError {
    /// Wraps an error about data.
    pub fn data(source: impl Into<BoxError>) -> Self {
        Self::Data(source.into())
    }

    /// Wraps an error of a computation.
    pub fn compute(source: impl Into<BoxError>) -> Self {
        Self::Compute(source.into())
    }

    /// The kind of this failure.
    pub fn class(&self) -> FailureClass {
        match self {
            Self::Config { .. } => FailureClass::Config,
            Self::Data(_) => FailureClass::Data,
            Self::Numeric { .. } => FailureClass::Numeric,
            Self::OutOfMemory { .. } => FailureClass::OutOfMemory,
            Self::State { .. } | Self::Compute(_) => FailureClass::Other,
        }
    }
}

/// Why [`train`](crate::train) gave up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// The experiment failed.
    #[error(transparent)]
    Experiment(#[from] ExperimentError),
    /// A checkpoint could not be saved. Earlier ones are untouched.
    #[error(transparent)]
    Save(#[from] SaveError),
    /// The run folder could not be read or written.
    #[error(transparent)]
    State(#[from] StateError),
    /// The saved state is of another config or other data; going on would silently mix two experiments.
    #[error("resuming is refused: {reason}")]
    Refused {
        /// What differs.
        reason: String,
    },
    /// `checkpoint.monitor` names a metric that validation does not produce.
    #[error("there is no metric `{monitor}` to monitor; this experiment has {}", known.join(", "))]
    UnknownMonitor {
        /// The name in the config.
        monitor: String,
        /// The names that exist.
        known: Vec<String>,
    },
    /// A checkpoint is valid, but holds a loop state this program cannot read.
    #[error("the checkpoint's loop state cannot be read")]
    Progress(#[source] serde_json::Error),
}

impl TrainError {
    /// The kind of this failure.
    pub fn class(&self) -> FailureClass {
        match self {
            Self::Experiment(error) => error.class(),
            Self::Save(_) | Self::State(_) => FailureClass::Storage,
            Self::UnknownMonitor { .. } | Self::Refused { .. } => FailureClass::Config,
            Self::Progress(_) => FailureClass::Other,
        }
    }
}
