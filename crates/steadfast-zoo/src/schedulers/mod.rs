//! The learning-rate schedules that `hyperparams.scheduler` can name. One file each; a new one is two lines here.

mod constant;
mod cosine;
mod entry;
mod exponential;
mod interval;
mod linear;
mod multi_step;
mod one_cycle;
mod polynomial;
mod reduce_on_plateau;
mod step;

pub use constant::ConstantConfig;
pub use cosine::CosineConfig;
pub use entry::{Moment, Scheduler, SchedulerEntry, warmup};
pub use exponential::ExponentialConfig;
pub use interval::Interval;
pub use linear::LinearConfig;
pub use multi_step::MultiStepConfig;
pub use one_cycle::{Anneal, OneCycleConfig};
pub use polynomial::PolynomialConfig;
pub use reduce_on_plateau::{Plateau, ReduceOnPlateauConfig, ThresholdMode};
pub use step::StepConfig;

/// Every schedule, in the order in which they are listed.
pub const SCHEDULERS: &[SchedulerEntry] = &[
    constant::ENTRY,
    step::ENTRY,
    multi_step::ENTRY,
    exponential::ENTRY,
    cosine::ENTRY,
    one_cycle::ENTRY,
    linear::ENTRY,
    polynomial::ENTRY,
    reduce_on_plateau::ENTRY,
];
