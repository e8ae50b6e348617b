//! A power of the part of the run that is left, as `torch.optim.lr_scheduler.PolynomialLR` over the whole run.

use serde_json::Value;
use steadfast_config::{Section, above, section};

use super::{Moment, Scheduler, SchedulerEntry};

pub(super) const ENTRY: SchedulerEntry =
    SchedulerEntry::new::<PolynomialConfig>("polynomial", "a power of the part of the run that is left");

section! {
    /// Parameters of the polynomial schedule: `factor = (1 - t / T) ^ power`.
    pub struct PolynomialConfig {
        /// The power: 1 is a straight line.
        trajectory power: f64 = 1.0, above(0.0);
    }
}

impl Scheduler for PolynomialConfig {
    fn to_json(&self) -> Value {
        Section::to_json(self)
    }

    fn factor(&self, at: Moment) -> f64 {
        (1.0 - at.progress()).powf(self.power)
    }

    fn depends_on_epochs(&self) -> bool {
        true
    }
}
