//! Adam and `AdamW`, as `torch.optim.Adam` and `torch.optim.AdamW`.
//!
//! Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2015; Loshchilov and Hutter, "Decoupled Weight Decay
//! Regularization", 2019.

use serde_json::Value;
use steadfast_config::{Section, above, section};
use steadfast_ops::{Adam, AdamOptions, Optimizer};

use super::{OptimizerConfig, OptimizerEntry, Shorthands};

pub(super) const ADAM: OptimizerEntry =
    OptimizerEntry::new::<AdamConfig>("adam", "adaptive steps from the moments of the gradient");
pub(super) const ADAMW: OptimizerEntry =
    OptimizerEntry::new::<AdamwConfig>("adamw", "Adam with weight decay apart from the gradient");

section! {
    /// Parameters of Adam.
    pub struct AdamConfig {
        /// How slowly the mean of the gradients changes.
        trajectory beta1: f64 = 0.9, 0.0..1.0;
        /// How slowly the mean of their squares changes.
        trajectory beta2: f64 = 0.999, 0.0..1.0;
        /// Added to the root of the second moment, so that it is never zero.
        trajectory eps: f64 = 1e-8, above(0.0);
        /// This times the parameter is added to its gradient.
        trajectory weight_decay: f64 = 0.0, 0.0..;
        /// Whether steps are divided by the largest second moment so far (`AMSGrad`).
        trajectory amsgrad: bool = false;
    }
}

section! {
    /// Parameters of `AdamW`.
    pub struct AdamwConfig {
        /// How slowly the mean of the gradients changes.
        trajectory beta1: f64 = 0.9, 0.0..1.0;
        /// How slowly the mean of their squares changes.
        trajectory beta2: f64 = 0.999, 0.0..1.0;
        /// Added to the root of the second moment, so that it is never zero.
        trajectory eps: f64 = 1e-8, above(0.0);
        /// Each step shrinks the parameter by this times the learning rate.
        trajectory weight_decay: f64 = 0.01, 0.0..;
        /// Whether steps are divided by the largest second moment so far (`AMSGrad`).
        trajectory amsgrad: bool = false;
    }
}

impl OptimizerConfig for AdamConfig {
    fn to_json(&self) -> Value {
        Section::to_json(self)
    }

    fn apply(&mut self, shorthands: &Shorthands) -> Result<(), &'static str> {
        apply(&mut self.weight_decay, shorthands)
    }

    fn build(&self) -> Box<dyn Optimizer> {
        let Self { beta1, beta2, eps, weight_decay, amsgrad } = *self;
        Box::new(Adam::new(AdamOptions { beta1, beta2, epsilon: eps, weight_decay, decoupled: false, amsgrad }))
    }
}

impl OptimizerConfig for AdamwConfig {
    fn to_json(&self) -> Value {
        Section::to_json(self)
    }

    fn apply(&mut self, shorthands: &Shorthands) -> Result<(), &'static str> {
        apply(&mut self.weight_decay, shorthands)
    }

    fn build(&self) -> Box<dyn Optimizer> {
        let Self { beta1, beta2, eps, weight_decay, amsgrad } = *self;
        Box::new(Adam::new(AdamOptions { beta1, beta2, epsilon: eps, weight_decay, decoupled: true, amsgrad }))
    }
}

fn apply(weight_decay: &mut f64, shorthands: &Shorthands) -> Result<(), &'static str> {
    *weight_decay = shorthands.weight_decay.unwrap_or(*weight_decay);
    if shorthands.momentum.is_some() { Err("momentum") } else { Ok(()) }
}
