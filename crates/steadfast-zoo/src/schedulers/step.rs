//! A learning rate that falls by a factor at regular distances, as `torch.optim.lr_scheduler.StepLR`.

use serde_json::Value;
use steadfast_config::{Section, above, section};

use super::interval::power;
use super::{Interval, Moment, Scheduler, SchedulerEntry};

pub(super) const ENTRY: SchedulerEntry =
    SchedulerEntry::new::<StepConfig>("step", "times a factor after every so many epochs");

section! {
    /// Parameters of the step schedule: `factor = gamma ^ floor(epochs done / step_size)`.
    pub struct StepConfig {
        /// After how many epochs the rate falls.
        trajectory step_size: u64 = 30, 1..;
        /// What it is multiplied by.
        trajectory gamma: f64 = 0.1, above(0.0);
        /// What is counted: `epoch` or `step`.
        trajectory interval: Interval = Interval::Epoch;
    }
}

impl Scheduler for StepConfig {
    fn to_json(&self) -> Value {
        Section::to_json(self)
    }

    fn factor(&self, at: Moment) -> f64 {
        power(self.gamma, self.interval.count(at) / self.step_size.max(1))
    }

    fn depends_on_epochs(&self) -> bool {
        false
    }
}
