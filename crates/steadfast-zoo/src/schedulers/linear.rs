//! A straight line from one share of the learning rate to another, over the whole run.
//!
//! `torch.optim.lr_scheduler.LinearLR` with as many iterations as the run has steps; with the defaults, the "linear"
//! schedule of the transformers library.

use serde_json::Value;
use steadfast_config::{Section, above, section};

use super::{Moment, Scheduler, SchedulerEntry};

pub(super) const ENTRY: SchedulerEntry =
    SchedulerEntry::new::<LinearConfig>("linear", "a straight line from the full learning rate to a share of it");

section! {
    /// Parameters of the linear schedule: `factor = start_factor + (end_factor - start_factor) t / T`.
    pub struct LinearConfig {
        /// Share of the learning rate at the first step.
        trajectory start_factor: f64 = 1.0, above(0.0);
        /// Share of the learning rate that is left at the end.
        trajectory end_factor: f64 = 0.0, 0.0..;
    }
}

impl Scheduler for LinearConfig {
    fn to_json(&self) -> Value {
        Section::to_json(self)
    }

    fn factor(&self, at: Moment) -> f64 {
        self.start_factor + (self.end_factor - self.start_factor) * at.progress()
    }

    fn depends_on_epochs(&self) -> bool {
        true
    }
}
