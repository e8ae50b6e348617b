//! Lion: steps of one size in the direction of the sign of a momentum.

use std::collections::BTreeMap;

use candle_core::Var;

use super::optimizer::{Slot, slots_from};
use super::pass::{Rule, apply};
use super::{NamedGradients, Optimizer, OptimizerState};
use crate::compute::Real;
use crate::error::OptimizerError;

/// The settings of [`Lion`]; the defaults are the paper's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LionOptions {
    /// Share of the momentum in the direction of a step.
    pub beta1: f64,
    /// How slowly the momentum changes.
    pub beta2: f64,
    /// Each step shrinks the parameter by this times the learning rate.
    pub weight_decay: f64,
}

impl Default for LionOptions {
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.99, weight_decay: 0.0 }
    }
}

/// Lion, as its authors wrote it.
///
/// Chen et al., "Symbolic Discovery of Optimization Algorithms", 2023, algorithm 2. With gradient `g`, parameter `p`,
/// momentum `m`, learning rate `a`: `p *= 1 - a * weight_decay`, `p -= a * sign(beta1 * m + (1 - beta1) * g)`,
/// `m = beta2 * m + (1 - beta2) * g`. The sign of zero is zero. State: `momentum.<parameter>`.
#[derive(Debug)]
pub struct Lion {
    options: LionOptions,
    steps: u64,
    momentum: Slot,
}

const MOMENTUM: &str = "momentum";

impl Lion {
    /// An optimizer that has taken no step.
    pub const fn new(options: LionOptions) -> Self {
        Self { options, steps: 0, momentum: Slot::new(MOMENTUM) }
    }
}

impl Optimizer for Lion {
    fn step(
        &mut self,
        parameters: &BTreeMap<String, Var>,
        gradients: &NamedGradients,
        learning_rate: f64,
    ) -> Result<(), OptimizerError> {
        let step = Step { options: self.options, rate: learning_rate };
        for (name, gradient) in gradients.tensors() {
            if let Some(var) = parameters.get(name) {
                let momentum = self.momentum.of(name, var);
                momentum
                    .and_then(|momentum| apply(var, &[momentum], (gradient, gradients.scale()), &step))
                    .map_err(|source| OptimizerError::Tensor { name: name.clone(), source })?;
            }
        }
        self.steps += 1;
        Ok(())
    }

    fn state(&self) -> OptimizerState {
        let mut state = OptimizerState { steps: self.steps, tensors: BTreeMap::new() };
        self.momentum.write_to(&mut state);
        state
    }

    fn restore(&mut self, parameters: &BTreeMap<String, Var>, state: &OptimizerState) -> Result<(), OptimizerError> {
        let [momentum] = slots_from([MOMENTUM], parameters, state)?;
        (self.momentum, self.steps) = (momentum, state.steps);
        Ok(())
    }
}

/// The numbers of one step.
struct Step {
    options: LionOptions,
    rate: f64,
}

impl Rule<1> for Step {
    #[inline(always)]
    fn element<T: Real>(&self, parameter: T, [momentum]: [T; 1], gradient: T) -> (T, [T; 1]) {
        let LionOptions { beta1, beta2, weight_decay } = self.options;
        let direction = T::from_f64(beta1) * momentum + T::from_f64(1.0 - beta1) * gradient;
        let sign = if direction > T::ZERO {
            T::ONE
        } else if direction < T::ZERO {
            -T::ONE
        } else {
            direction
        };
        let shrunk = parameter * T::from_f64(1.0 - self.rate * weight_decay);
        let momentum = T::from_f64(beta2) * momentum + T::from_f64(1.0 - beta2) * gradient;
        (shrunk - T::from_f64(self.rate) * sign, [momentum])
    }
}
