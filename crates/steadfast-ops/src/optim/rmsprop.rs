//! `RMSprop`: steps divided by the root of a running mean of squared gradients.

use std::collections::BTreeMap;

use candle_core::{Tensor, Var};

use super::optimizer::{Slot, slots_from};
use super::pass::{Rule, apply};
use super::{NamedGradients, Optimizer, OptimizerState};
use crate::compute::Real;
use crate::error::OptimizerError;

/// The settings of [`RmsProp`]; the defaults are `PyTorch`'s.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RmsPropOptions {
    /// How slowly the mean of the squared gradients changes.
    pub alpha: f64,
    /// Added to the root of the mean, so that it is never zero.
    pub epsilon: f64,
    /// Added to the gradient: this times the parameter.
    pub weight_decay: f64,
    /// How much of the last update lives on in the next one; 0 keeps none of it.
    pub momentum: f64,
    /// Whether the mean of the gradients is taken out of the mean of their squares, which leaves their variance.
    pub centered: bool,
}

impl Default for RmsPropOptions {
    fn default() -> Self {
        Self { alpha: 0.99, epsilon: 1e-8, weight_decay: 0.0, momentum: 0.0, centered: false }
    }
}

/// `RMSprop`: `torch.optim.RMSprop`.
///
/// Tieleman and Hinton, "Lecture 6.5: `RMSprop`", 2012; the centered form is Graves, "Generating Sequences With
/// Recurrent Neural Networks", 2013. With gradient `g`, parameter `p`, learning rate `a`: `g += weight_decay * p`,
/// `v = alpha * v + (1 - alpha) * g^2`, and if centered `m += (1 - alpha) * (g - m)` and `v - m^2` in place of `v` from
/// here on; `d = g / (sqrt(v) + epsilon)`; with momentum `b = momentum * b + d` in place of `d`; `p -= a * d`.
/// State: `mean_square.<parameter>`, with momentum `velocity.<parameter>`, centered `mean_gradient.<parameter>`.
#[derive(Debug)]
pub struct RmsProp {
    options: RmsPropOptions,
    steps: u64,
    square: Slot,
    velocity: Slot,
    mean: Slot,
}

const SQUARE: &str = "mean_square";
const VELOCITY: &str = "velocity";
const MEAN: &str = "mean_gradient";

impl RmsProp {
    /// An optimizer that has taken no step.
    pub const fn new(options: RmsPropOptions) -> Self {
        Self { options, steps: 0, square: Slot::new(SQUARE), velocity: Slot::new(VELOCITY), mean: Slot::new(MEAN) }
    }

    fn has_momentum(&self) -> bool {
        self.options.momentum != 0.0
    }

    fn update(&mut self, name: &str, var: &Var, gradient: (&Tensor, f64), rate: f64) -> candle_core::Result<()> {
        let step = Step { options: self.options, rate };
        let square = self.square.of(name, var)?;
        match (self.has_momentum(), self.options.centered) {
            (false, false) => apply(var, &[square], gradient, &Plain(step)),
            (true, false) => apply(var, &[square, self.velocity.of(name, var)?], gradient, &Heavy(step)),
            (false, true) => apply(var, &[square, self.mean.of(name, var)?], gradient, &Centered(step)),
            (true, true) => {
                let kept = [square, self.mean.of(name, var)?, self.velocity.of(name, var)?];
                apply(var, &kept, gradient, &CenteredHeavy(step))
            }
        }
    }
}

impl Optimizer for RmsProp {
    fn step(
        &mut self,
        parameters: &BTreeMap<String, Var>,
        gradients: &NamedGradients,
        learning_rate: f64,
    ) -> Result<(), OptimizerError> {
        for (name, gradient) in gradients.tensors() {
            if let Some(var) = parameters.get(name) {
                self.update(name, var, (gradient, gradients.scale()), learning_rate)
                    .map_err(|source| OptimizerError::Tensor { name: name.clone(), source })?;
            }
        }
        self.steps += 1;
        Ok(())
    }

    fn state(&self) -> OptimizerState {
        let mut state = OptimizerState { steps: self.steps, tensors: BTreeMap::new() };
        for slot in [&self.square, &self.velocity, &self.mean] {
            slot.write_to(&mut state);
        }
        state
    }

    fn restore(&mut self, parameters: &BTreeMap<String, Var>, state: &OptimizerState) -> Result<(), OptimizerError> {
        let (mut velocity, mut mean) = (Slot::new(VELOCITY), Slot::new(MEAN));
        let square;
        match (self.has_momentum(), self.options.centered) {
            (false, false) => [square] = slots_from([SQUARE], parameters, state)?,
            (true, false) => [square, velocity] = slots_from([SQUARE, VELOCITY], parameters, state)?,
            (false, true) => [square, mean] = slots_from([SQUARE, MEAN], parameters, state)?,
            (true, true) => [square, velocity, mean] = slots_from([SQUARE, VELOCITY, MEAN], parameters, state)?,
        }
        (self.square, self.velocity, self.mean, self.steps) = (square, velocity, mean, state.steps);
        Ok(())
    }
}

/// The numbers of one step.
#[derive(Clone, Copy)]
struct Step {
    options: RmsPropOptions,
    rate: f64,
}

impl Step {
    #[inline(always)]
    fn decayed<T: Real>(&self, parameter: T, gradient: T) -> T {
        gradient + T::from_f64(self.options.weight_decay) * parameter
    }

    #[inline(always)]
    fn square<T: Real>(&self, square: T, gradient: T) -> T {
        T::from_f64(self.options.alpha) * square + T::from_f64(1.0 - self.options.alpha) * (gradient * gradient)
    }

    #[inline(always)]
    fn mean<T: Real>(&self, mean: T, gradient: T) -> T {
        mean + T::from_f64(1.0 - self.options.alpha) * (gradient - mean)
    }

    #[inline(always)]
    fn root<T: Real>(&self, square: T) -> T {
        square.square_root() + T::from_f64(self.options.epsilon)
    }

    /// The root of the variance. Rounding can make it negative where `PyTorch` gets NaN; here it is zero.
    #[inline(always)]
    fn deviation<T: Real>(&self, square: T, mean: T) -> T {
        let variance = square - mean * mean;
        self.root(if variance < T::ZERO { T::ZERO } else { variance })
    }

    #[inline(always)]
    fn velocity<T: Real>(&self, velocity: T, direction: T) -> T {
        T::from_f64(self.options.momentum) * velocity + direction
    }

    #[inline(always)]
    fn moved<T: Real>(&self, parameter: T, direction: T) -> T {
        parameter - T::from_f64(self.rate) * direction
    }
}

struct Plain(Step);
struct Heavy(Step);
struct Centered(Step);
struct CenteredHeavy(Step);

impl Rule<1> for Plain {
    #[inline(always)]
    fn element<T: Real>(&self, parameter: T, [square]: [T; 1], gradient: T) -> (T, [T; 1]) {
        let Self(step) = self;
        let gradient = step.decayed(parameter, gradient);
        let square = step.square(square, gradient);
        (step.moved(parameter, gradient / step.root(square)), [square])
    }
}

impl Rule<2> for Heavy {
    #[inline(always)]
    fn element<T: Real>(&self, parameter: T, [square, velocity]: [T; 2], gradient: T) -> (T, [T; 2]) {
        let Self(step) = self;
        let gradient = step.decayed(parameter, gradient);
        let square = step.square(square, gradient);
        let velocity = step.velocity(velocity, gradient / step.root(square));
        (step.moved(parameter, velocity), [square, velocity])
    }
}

impl Rule<2> for Centered {
    #[inline(always)]
    fn element<T: Real>(&self, parameter: T, [square, mean]: [T; 2], gradient: T) -> (T, [T; 2]) {
        let Self(step) = self;
        let gradient = step.decayed(parameter, gradient);
        let (square, mean) = (step.square(square, gradient), step.mean(mean, gradient));
        (step.moved(parameter, gradient / step.deviation(square, mean)), [square, mean])
    }
}

impl Rule<3> for CenteredHeavy {
    #[inline(always)]
    fn element<T: Real>(&self, parameter: T, [square, mean, velocity]: [T; 3], gradient: T) -> (T, [T; 3]) {
        let Self(step) = self;
        let gradient = step.decayed(parameter, gradient);
        let (square, mean) = (step.square(square, gradient), step.mean(mean, gradient));
        let velocity = step.velocity(velocity, gradient / step.deviation(square, mean));
        (step.moved(parameter, velocity), [square, mean, velocity])
    }
}
