//! The learning-rate schedules that `hyperparams.scheduler` can name. One file each; a new one is two lines here.

mod constant;
mod cosine;
mod entry;

pub use constant::ConstantConfig;
pub use cosine::CosineConfig;
pub use entry::{Moment, Scheduler, SchedulerEntry, warmup};

/// Every schedule, in the order in which they are listed.
pub const SCHEDULERS: &[SchedulerEntry] = &[constant::ENTRY, cosine::ENTRY];
