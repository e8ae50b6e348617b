//! Stochastic gradient descent with momentum.

use std::collections::BTreeMap;

use candle_core::{DType, Tensor, Var};

use super::optimizer::{Slot, slots_from};
use super::update::{Writable, read, write};
use super::{NamedGradients, Optimizer, OptimizerState};
use crate::compute::{CHUNK, Real, for_each_chunk, for_each_chunk_pair, runs_here};
use crate::error::OptimizerError;

/// The settings of [`Sgd`]; the defaults are `PyTorch`'s.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SgdOptions {
    /// How much of the last update lives on in the next one; 0 is plain descent.
    pub momentum: f64,
    /// How much of each update is kept out of the velocity, but for the first one.
    pub dampening: f64,
    /// Whether the gradient is looked at from where the momentum leads (Nesterov).
    pub nesterov: bool,
    /// Added to the gradient: this times the parameter.
    pub weight_decay: f64,
}

/// Stochastic gradient descent: `torch.optim.SGD`.
///
/// With gradient `g`, parameter `p`, velocity `v`, learning rate `a`:
/// `d = g + weight_decay * p`, `v = momentum * v + (1 - dampening) * d`, `v = d` at first, and `p -= a * v`, or
/// `p -= a * (d + momentum * v)` with Nesterov's rule. State: `velocity.<parameter>`, only with momentum.
#[derive(Debug)]
pub struct Sgd {
    options: SgdOptions,
    steps: u64,
    velocity: Slot,
}

impl Sgd {
    /// An optimizer that has taken no step.
    pub const fn new(options: SgdOptions) -> Self {
        Self { options, steps: 0, velocity: Slot::new("velocity") }
    }

    fn update(&mut self, name: &str, var: &Var, gradient: &Tensor, factors: [f64; 2]) -> candle_core::Result<()> {
        // The first direction becomes the velocity as it is.
        let share = if self.velocity.holds(name) { 1.0 - self.options.dampening } else { 1.0 };
        let factors = [factors[0], factors[1], share];
        let velocity = if self.options.momentum == 0.0 { None } else { Some(self.velocity.of(name, var)?) };
        let here = runs_here(&[var, gradient]);
        match (&velocity, var.dtype()) {
            (None, DType::F32) if here => plain::<f32>(var, gradient, self.options, factors),
            (None, DType::F64) if here => plain::<f64>(var, gradient, self.options, factors),
            (Some(velocity), DType::F32) if here => heavy::<f32>([var, velocity, gradient], self.options, factors),
            (Some(velocity), DType::F64) if here => heavy::<f64>([var, velocity, gradient], self.options, factors),
            _ => {
                if let Some(velocity) = composed(var, velocity.as_ref(), gradient, (self.options, factors))? {
                    self.velocity.set(name, velocity);
                }
                Ok(())
            }
        }
    }
}

impl Optimizer for Sgd {
    fn step(
        &mut self,
        parameters: &BTreeMap<String, Var>,
        gradients: &NamedGradients,
        learning_rate: f64,
    ) -> Result<(), OptimizerError> {
        for (name, gradient) in gradients.tensors() {
            if let Some(var) = parameters.get(name) {
                self.update(name, var, gradient, [learning_rate, gradients.scale()])
                    .map_err(|source| OptimizerError::Tensor { name: name.clone(), source })?;
            }
        }
        self.steps += 1;
        Ok(())
    }

    fn state(&self) -> OptimizerState {
        let mut state = OptimizerState { steps: self.steps, tensors: BTreeMap::new() };
        self.velocity.write_to(&mut state);
        state
    }

    fn restore(&mut self, parameters: &BTreeMap<String, Var>, state: &OptimizerState) -> Result<(), OptimizerError> {
        let [velocity] = slots_from(["velocity"], parameters, state)?;
        (self.velocity, self.steps) = (velocity, state.steps);
        Ok(())
    }
}

/// The same of candle's own operations; returns the new velocity.
fn composed(
    var: &Var,
    velocity: Option<&Tensor>,
    gradient: &Tensor,
    (options, [rate, scale, share]): (SgdOptions, [f64; 3]),
) -> candle_core::Result<Option<Tensor>> {
    let parameter = var.as_detached_tensor();
    let direction = (gradient.affine(scale, 0.0)? + parameter.affine(options.weight_decay, 0.0)?)?;
    let velocity = velocity.map(|velocity| velocity.affine(options.momentum, 0.0)? + direction.affine(share, 0.0)?);
    let velocity = velocity.transpose()?;
    let step = match &velocity {
        Some(velocity) if options.nesterov => (&direction + velocity.affine(options.momentum, 0.0)?)?,
        Some(velocity) => velocity.clone(),
        None => direction,
    };
    var.set(&(parameter - step.affine(rate, 0.0)?)?)?;
    Ok(velocity)
}

/// One pass over parameter and gradient.
fn plain<T: Real + Writable>(
    var: &Var,
    gradient: &Tensor,
    options: SgdOptions,
    [rate, scale, _]: [f64; 3],
) -> candle_core::Result<()> {
    let (rate, scale, decay) = (T::from_f64(rate), T::from_f64(scale), T::from_f64(options.weight_decay));
    write(var, |parameters: &mut [T]| {
        read(gradient, |gradients: &[T]| {
            for_each_chunk(
                parameters,
                CHUNK,
                #[inline(always)]
                |start, parameters| {
                    for (parameter, &gradient) in parameters.iter_mut().zip(&gradients[start..]) {
                        *parameter -= rate * (gradient * scale + decay * *parameter);
                    }
                },
            );
        })
    })
}

/// One pass over parameter, velocity and gradient.
fn heavy<T: Real + Writable>(
    [var, velocity, gradient]: [&Tensor; 3],
    options: SgdOptions,
    [rate, scale, share]: [f64; 3],
) -> candle_core::Result<()> {
    let (rate, scale, decay) = (T::from_f64(rate), T::from_f64(scale), T::from_f64(options.weight_decay));
    let (momentum, share) = (T::from_f64(options.momentum), T::from_f64(share));
    write(var, |parameters: &mut [T]| {
        write(velocity, |velocities: &mut [T]| {
            read(gradient, |gradients: &[T]| {
                for_each_chunk_pair(
                    (parameters, CHUNK),
                    (velocities, CHUNK),
                    #[inline(always)]
                    |task, parameters, velocities| {
                        let gradients = &gradients[task * CHUNK..];
                        for ((parameter, velocity), &gradient) in parameters.iter_mut().zip(velocities).zip(gradients) {
                            let direction = gradient * scale + decay * *parameter;
                            *velocity = momentum * *velocity + share * direction;
                            let step = if options.nesterov { direction + momentum * *velocity } else { *velocity };
                            *parameter -= rate * step;
                        }
                    },
                );
            })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_near, flat, normal};

    #[test]
    fn one_pass_equals_candles_own_operations() -> candle_core::Result<()> {
        for (momentum, dampening, nesterov) in
            [(0.0, 0.0, false), (0.9, 0.0, false), (0.9, 0.3, false), (0.9, 0.0, true)]
        {
            let options = SgdOptions { momentum, dampening, nesterov, weight_decay: 0.1 };
            let (fused, other) = (Var::from_tensor(&normal("p", &[40]))?, Var::from_tensor(&normal("p", &[40]))?);
            let mut optimizer = Sgd::new(options);
            let mut velocity = (momentum > 0.0).then(|| normal("v", &[40]).zeros_like()).transpose()?;
            for step in 0..3 {
                let gradient = normal(&format!("g{step}"), &[40]);
                optimizer.update("p", &fused, &gradient, [0.1, 0.5])?;
                let share = if step == 0 { 1.0 } else { 1.0 - dampening };
                velocity = composed(&other, velocity.as_ref(), &gradient, (options, [0.1, 0.5, share]))?;
            }
            assert_near(&flat(&fused), &flat(&other), 1e-14, "parameters");
        }
        Ok(())
    }
}
