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
    /// Whether the gradient is looked at from where the momentum leads (Nesterov).
    pub nesterov: bool,
    /// Added to the gradient: this times the parameter.
    pub weight_decay: f64,
}

/// Stochastic gradient descent: `torch.optim.SGD` with dampening 0.
///
/// With gradient `g`, parameter `p`, velocity `v`, learning rate `a`:
/// `d = g + weight_decay * p`, `v = momentum * v + d`, and `p -= a * v`, or `p -= a * (d + momentum * v)` with Nesterov's
/// rule. State: `velocity.<parameter>`, only with momentum.
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

    fn update(
        &mut self,
        name: &str,
        var: &Var,
        gradient: &Tensor,
        [rate, scale]: [f64; 2],
    ) -> candle_core::Result<()> {
        let options = self.options;
        if options.momentum == 0.0 {
            return match var.dtype() {
                DType::F32 if runs_here(&[var, gradient]) => {
                    plain::<f32>(var, gradient, options, [rate, scale])
                }
                DType::F64 if runs_here(&[var, gradient]) => {
                    plain::<f64>(var, gradient, options, [rate, scale])
                }
                _ => {
                    let step = direction(var, gradient, options, scale)?;
                    var.set(&var.sub(&step.affine(rate, 0.0)?)?)
                }
            };
        }
        let velocity = self.velocity.of(name, var)?;
        match var.dtype() {
            DType::F32 if runs_here(&[var, gradient]) => {
                heavy::<f32>([var, &velocity, gradient], options, [rate, scale])
            }
            DType::F64 if runs_here(&[var, gradient]) => {
                heavy::<f64>([var, &velocity, gradient], options, [rate, scale])
            }
            _ => {
                let direction = direction(var, gradient, options, scale)?;
                let velocity = (velocity.affine(options.momentum, 0.0)? + &direction)?.detach();
                let step = if options.nesterov {
                    (direction + velocity.affine(options.momentum, 0.0)?)?
                } else {
                    velocity.clone()
                };
                var.set(&var.sub(&step.affine(rate, 0.0)?)?)?;
                self.velocity.set(name, velocity);
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

    fn restore(
        &mut self,
        parameters: &BTreeMap<String, Var>,
        state: &OptimizerState,
    ) -> Result<(), OptimizerError> {
        let [velocity] = slots_from(["velocity"], parameters, state)?;
        (self.velocity, self.steps) = (velocity, state.steps);
        Ok(())
    }
}

/// Gradient plus decay, of candle's own operations.
fn direction(
    var: &Var,
    gradient: &Tensor,
    options: SgdOptions,
    scale: f64,
) -> candle_core::Result<Tensor> {
    gradient.affine(scale, 0.0)? + var.as_detached_tensor().affine(options.weight_decay, 0.0)?
}

/// One pass over parameter and gradient.
fn plain<T: Real + Writable>(
    var: &Var,
    gradient: &Tensor,
    options: SgdOptions,
    [rate, scale]: [f64; 2],
) -> candle_core::Result<()> {
    let (rate, scale, decay) =
        (T::from_f64(rate), T::from_f64(scale), T::from_f64(options.weight_decay));
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
    [rate, scale]: [f64; 2],
) -> candle_core::Result<()> {
    let (rate, scale, decay) =
        (T::from_f64(rate), T::from_f64(scale), T::from_f64(options.weight_decay));
    let momentum = T::from_f64(options.momentum);
    write(var, |parameters: &mut [T]| {
        write(velocity, |velocities: &mut [T]| {
            read(gradient, |gradients: &[T]| {
                for_each_chunk_pair(
                    (parameters, CHUNK),
                    (velocities, CHUNK),
                    #[inline(always)]
                    |task, parameters, velocities| {
                        let gradients = &gradients[task * CHUNK..];
                        for ((parameter, velocity), &gradient) in
                            parameters.iter_mut().zip(velocities).zip(gradients)
                        {
                            let direction = gradient * scale + decay * *parameter;
                            *velocity = momentum * *velocity + direction;
                            let step = if options.nesterov {
                                direction + momentum * *velocity
                            } else {
                                *velocity
                            };
                            *parameter -= rate * step;
                        }
                    },
                );
            })
        })
    })
}
