//! Adagrad: steps divided by the root of the sum of all squared gradients.

use std::collections::BTreeMap;

use candle_core::Var;

use super::optimizer::{Slot, slots_from};
use super::pass::{Rule, apply};
use super::{NamedGradients, Optimizer, OptimizerState};
use crate::compute::Real;
use crate::error::OptimizerError;

/// The settings of [`Adagrad`]; the defaults are `PyTorch`'s.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdagradOptions {
    /// How fast the learning rate falls: it is divided by one plus this times the steps done.
    pub rate_decay: f64,
    /// Added to the gradient: this times the parameter.
    pub weight_decay: f64,
    /// What the sums begin with.
    pub initial_sum: f64,
    /// Added to the root of the sum, so that it is never zero.
    pub epsilon: f64,
}

impl Default for AdagradOptions {
    fn default() -> Self {
        Self { rate_decay: 0.0, weight_decay: 0.0, initial_sum: 0.0, epsilon: 1e-10 }
    }
}

/// Adagrad: `torch.optim.Adagrad`.
///
/// Duchi, Hazan and Singer, "Adaptive Subgradient Methods for Online Learning and Stochastic Optimization", 2011.
/// With gradient `g`, parameter `p`, learning rate `a`, step `t` from one: `g += weight_decay * p`, `s += g^2`,
/// `p -= a / (1 + (t - 1) * rate_decay) * g / (sqrt(s) + epsilon)`. State: `square_sum.<parameter>`.
#[derive(Debug)]
pub struct Adagrad {
    options: AdagradOptions,
    steps: u64,
    sum: Slot,
}

const SUM: &str = "square_sum";

impl Adagrad {
    /// An optimizer that has taken no step.
    pub const fn new(options: AdagradOptions) -> Self {
        Self { options, steps: 0, sum: Slot::filled_with(SUM, options.initial_sum) }
    }
}

impl Optimizer for Adagrad {
    fn step(
        &mut self,
        parameters: &BTreeMap<String, Var>,
        gradients: &NamedGradients,
        learning_rate: f64,
    ) -> Result<(), OptimizerError> {
        let rate = learning_rate / (1.0 + self.steps as f64 * self.options.rate_decay);
        let step = Step { options: self.options, rate };
        for (name, gradient) in gradients.tensors() {
            if let Some(var) = parameters.get(name) {
                let sum = self.sum.of(name, var);
                sum.and_then(|sum| apply(var, &[sum], (gradient, gradients.scale()), &step))
                    .map_err(|source| OptimizerError::Tensor { name: name.clone(), source })?;
            }
        }
        self.steps += 1;
        Ok(())
    }

    fn state(&self) -> OptimizerState {
        let mut state = OptimizerState { steps: self.steps, tensors: BTreeMap::new() };
        self.sum.write_to(&mut state);
        state
    }

    fn restore(&mut self, parameters: &BTreeMap<String, Var>, state: &OptimizerState) -> Result<(), OptimizerError> {
        let [sum] = slots_from([SUM], parameters, state)?;
        (self.sum, self.steps) = (sum.beginning_with(self.options.initial_sum), state.steps);
        Ok(())
    }
}

/// The numbers of one step.
struct Step {
    options: AdagradOptions,
    rate: f64,
}

impl Rule<1> for Step {
    #[inline(always)]
    fn element<T: Real>(&self, parameter: T, [sum]: [T; 1], gradient: T) -> (T, [T; 1]) {
        let gradient = gradient + T::from_f64(self.options.weight_decay) * parameter;
        let sum = sum + gradient * gradient;
        let root = sum.square_root() + T::from_f64(self.options.epsilon);
        (parameter - T::from_f64(self.rate) * (gradient / root), [sum])
    }
}
