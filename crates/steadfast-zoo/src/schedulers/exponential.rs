//! A learning rate that falls by a factor each epoch, as `torch.optim.lr_scheduler.ExponentialLR`.

use serde_json::Value;
use steadfast_config::{Section, above, section};

use super::interval::power;
use super::{Interval, Moment, Scheduler, SchedulerEntry};

pub(super) const ENTRY: SchedulerEntry =
    SchedulerEntry::new::<ExponentialConfig>("exponential", "times a factor after every epoch");

section! {
    /// Parameters of the exponential schedule: `factor = gamma ^ (epochs done)`.
    pub struct ExponentialConfig {
        /// What the rate is multiplied by after every epoch.
        trajectory gamma: f64 = 0.95, above(0.0);
        /// What is counted: `epoch` or `step`.
        trajectory interval: Interval = Interval::Epoch;
    }
}

impl Scheduler for ExponentialConfig {
    fn to_json(&self) -> Value {
        Section::to_json(self)
    }

    fn factor(&self, at: Moment) -> f64 {
        power(self.gamma, self.interval.count(at))
    }

    fn depends_on_epochs(&self) -> bool {
        false
    }
}
