//! A learning rate that falls by a factor at chosen epochs, as `torch.optim.lr_scheduler.MultiStepLR`.

use serde_json::Value;
use steadfast_config::{Section, above, section};

use super::interval::power;
use super::{Interval, Moment, Scheduler, SchedulerEntry};

pub(super) const ENTRY: SchedulerEntry =
    SchedulerEntry::new::<MultiStepConfig>("multi_step", "times a factor at chosen epochs");

section! {
    /// Parameters of the multi-step schedule: `factor = gamma ^ (milestones reached)`.
    pub struct MultiStepConfig {
        /// After how many epochs the rate falls, each time; in any order.
        trajectory milestones: Vec<u64>, 1..;
        /// What it is multiplied by.
        trajectory gamma: f64 = 0.1, above(0.0);
        /// What is counted: `epoch` or `step`.
        trajectory interval: Interval = Interval::Epoch;
    }
}

impl Scheduler for MultiStepConfig {
    fn to_json(&self) -> Value {
        Section::to_json(self)
    }

    fn factor(&self, at: Moment) -> f64 {
        let done = self.interval.count(at);
        power(self.gamma, self.milestones.iter().filter(|milestone| **milestone <= done).count() as u64)
    }

    fn depends_on_epochs(&self) -> bool {
        false
    }
}
