//! Lion, as its authors published it.
//!
//! Chen et al., "Symbolic Discovery of Optimization Algorithms", 2023, algorithm 2. Its steps have one size whatever the
//! gradient, so it wants a learning rate three to ten times smaller than Adam's, and as much more weight decay.

use serde_json::Value;
use steadfast_config::{Section, section};
use steadfast_ops::{Lion, LionOptions, Optimizer};

use super::{OptimizerConfig, OptimizerEntry, Shorthands};

pub(super) const ENTRY: OptimizerEntry =
    OptimizerEntry::new::<LionConfig>("lion", "steps of one size in the direction of the sign of a momentum");

section! {
    /// Parameters of Lion.
    pub struct LionConfig {
        /// Share of the momentum in the direction of a step; the gradient has the rest.
        trajectory beta1: f64 = 0.9, 0.0..1.0;
        /// How slowly the momentum changes.
        trajectory beta2: f64 = 0.99, 0.0..1.0;
        /// Each step shrinks the parameter by this times the learning rate.
        trajectory weight_decay: f64 = 0.0, 0.0..;
    }
}

impl OptimizerConfig for LionConfig {
    fn to_json(&self) -> Value {
        Section::to_json(self)
    }

    fn apply(&mut self, shorthands: &Shorthands) -> Result<(), &'static str> {
        self.weight_decay = shorthands.weight_decay.unwrap_or(self.weight_decay);
        if shorthands.momentum.is_some() { Err("momentum") } else { Ok(()) }
    }

    fn build(&self) -> Box<dyn Optimizer> {
        let Self { beta1, beta2, weight_decay } = *self;
        Box::new(Lion::new(LionOptions { beta1, beta2, weight_decay }))
    }
}
