//! Adagrad, as `torch.optim.Adagrad`.
//!
//! Duchi, Hazan and Singer, "Adaptive Subgradient Methods for Online Learning and Stochastic Optimization", 2011.

use serde_json::Value;
use steadfast_config::{Section, above, section};
use steadfast_ops::{Adagrad, AdagradOptions, Optimizer};

use super::{OptimizerConfig, OptimizerEntry, Shorthands};

pub(super) const ENTRY: OptimizerEntry =
    OptimizerEntry::new::<AdagradConfig>("adagrad", "steps divided by the root of the sum of all squared gradients");

section! {
    /// Parameters of Adagrad.
    pub struct AdagradConfig {
        /// The learning rate is divided by one plus this times the steps done.
        trajectory lr_decay: f64 = 0.0, 0.0..;
        /// This times the parameter is added to its gradient.
        trajectory weight_decay: f64 = 0.0, 0.0..;
        /// What the sums of squared gradients begin with.
        trajectory initial_accumulator_value: f64 = 0.0, 0.0..;
        /// Added to the root of the sum, so that it is never zero.
        trajectory eps: f64 = 1e-10, above(0.0);
    }
}

impl OptimizerConfig for AdagradConfig {
    fn to_json(&self) -> Value {
        Section::to_json(self)
    }

    fn apply(&mut self, shorthands: &Shorthands) -> Result<(), &'static str> {
        self.weight_decay = shorthands.weight_decay.unwrap_or(self.weight_decay);
        if shorthands.momentum.is_some() { Err("momentum") } else { Ok(()) }
    }

    fn build(&self) -> Box<dyn Optimizer> {
        let Self { lr_decay, weight_decay, initial_accumulator_value, eps } = *self;
        let options =
            AdagradOptions { rate_decay: lr_decay, weight_decay, initial_sum: initial_accumulator_value, epsilon: eps };
        Box::new(Adagrad::new(options))
    }
}
