//! `RMSprop`, as `torch.optim.RMSprop`.
//!
//! Tieleman and Hinton, "Lecture 6.5: `RMSprop`", 2012; centered: Graves, "Generating Sequences With Recurrent Neural
//! Networks", 2013.

use serde_json::Value;
use steadfast_config::{Section, above, section};
use steadfast_ops::{Optimizer, RmsProp, RmsPropOptions};

use super::{OptimizerConfig, OptimizerEntry, Shorthands};

pub(super) const ENTRY: OptimizerEntry =
    OptimizerEntry::new::<RmspropConfig>("rmsprop", "steps divided by the root of a running mean of squared gradients");

section! {
    /// Parameters of `RMSprop`.
    pub struct RmspropConfig {
        /// How slowly the mean of the squared gradients changes.
        trajectory alpha: f64 = 0.99, 0.0..1.0;
        /// Added to the root of the mean, so that it is never zero.
        trajectory eps: f64 = 1e-8, above(0.0);
        /// This times the parameter is added to its gradient.
        trajectory weight_decay: f64 = 0.0, 0.0..;
        /// Share of the last update that lives on in the next one.
        trajectory momentum: f64 = 0.0, 0.0..1.0;
        /// Whether to divide by the deviation of the gradients instead of their size.
        trajectory centered: bool = false;
    }
}

impl OptimizerConfig for RmspropConfig {
    fn to_json(&self) -> Value {
        Section::to_json(self)
    }

    fn apply(&mut self, shorthands: &Shorthands) -> Result<(), &'static str> {
        self.momentum = shorthands.momentum.unwrap_or(self.momentum);
        self.weight_decay = shorthands.weight_decay.unwrap_or(self.weight_decay);
        Ok(())
    }

    fn build(&self) -> Box<dyn Optimizer> {
        let Self { alpha, eps, weight_decay, momentum, centered } = *self;
        Box::new(RmsProp::new(RmsPropOptions { alpha, epsilon: eps, weight_decay, momentum, centered }))
    }
}
