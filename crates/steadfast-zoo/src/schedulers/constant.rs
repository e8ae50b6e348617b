//! The same learning rate at every step.

use serde_json::Value;
use steadfast_config::{Section, section};

use super::{Moment, Scheduler, SchedulerEntry};

pub(super) const ENTRY: SchedulerEntry =
    SchedulerEntry::new::<ConstantConfig>("constant", "the same learning rate at every step");

section! {
    /// The constant schedule has no parameters.
    pub struct ConstantConfig {}
}

impl Scheduler for ConstantConfig {
    fn to_json(&self) -> Value {
        Section::to_json(self)
    }

    fn factor(&self, _at: Moment) -> f64 {
        1.0
    }

    fn depends_on_epochs(&self) -> bool {
        false
    }
}
