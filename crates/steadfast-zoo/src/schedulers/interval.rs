//! What a schedule counts.

use steadfast_config::choice;

use super::Moment;

choice! {
    /// What a schedule counts.
    pub enum Interval {
        /// Epochs of the run, those of the warm-up included.
        Epoch = "epoch",
        /// Steps after the warm-up.
        Step = "step",
    }
}

impl Interval {
    /// How many of them are over.
    pub(super) fn count(self, at: Moment) -> u64 {
        match self {
            Self::Epoch => at.epoch,
            Self::Step => at.step,
        }
    }
}

/// `base` to the power of a count.
pub(super) fn power(base: f64, count: u64) -> f64 {
    // Beyond 2^31 every power of a number below one has long been zero.
    base.powi(i32::try_from(count).unwrap_or(i32::MAX))
}
