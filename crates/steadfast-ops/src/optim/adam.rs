//! Adam and `AdamW`.

use std::collections::BTreeMap;

use candle_core::{DType, Tensor, Var};

use super::optimizer::{Slot, slots_from};
use super::pass::{Rule, apply};
use super::update::{Writable, read, write};
use super::{NamedGradients, Optimizer, OptimizerState};
use crate::compute::{CHUNK, Real, runs_here, vectorized};
use crate::error::OptimizerError;

/// The settings of [`Adam`]; the defaults are those of `PyTorch`'s `Adam`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamOptions {
    /// How slowly the mean of the gradients changes.
    pub beta1: f64,
    /// How slowly the mean of their squares changes.
    pub beta2: f64,
    /// Added to the root of the second moment, so that it is never zero.
    pub epsilon: f64,
    /// The strength of weight decay.
    pub weight_decay: f64,
    /// Whether parameters shrink directly (`AdamW`) instead of through the gradient (Adam).
    pub decoupled: bool,
    /// Whether steps are divided by the largest second moment so far (`AMSGrad`), so that they never grow again.
    pub amsgrad: bool,
}

impl Default for AdamOptions {
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.0, decoupled: false, amsgrad: false }
    }
}

impl AdamOptions {
    /// The defaults of `PyTorch`'s `AdamW`: weight decay 0.01, decoupled.
    pub fn adamw() -> Self {
        Self { weight_decay: 0.01, decoupled: true, ..Self::default() }
    }
}

/// Adam: `torch.optim.Adam`, and with `decoupled` `torch.optim.AdamW`.
///
/// With gradient `g`, parameter `p`, moments `m` and `v`, learning rate `a`, step `t` from one:
/// `m += (1 - beta1) * (g - m)`, `v = beta2 * v + (1 - beta2) * g^2`,
/// `p -= a / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon)`.
/// Weight decay adds `weight_decay * p` to `g` first, or, decoupled, multiplies `p` by `1 - a * weight_decay` first.
/// With `amsgrad` the largest `v` so far stands in for `v` in the last formula (Reddi, Kale and Kumar, "On the Convergence
/// of Adam and Beyond", 2018).
/// State: `first_moment.<parameter>` and `second_moment.<parameter>`, with `amsgrad` `largest_moment.<parameter>`, too.
#[derive(Debug)]
pub struct Adam {
    options: AdamOptions,
    steps: u64,
    first: Slot,
    second: Slot,
    largest: Slot,
}

const SLOTS: [&str; 3] = ["first_moment", "second_moment", "largest_moment"];

impl Adam {
    /// An optimizer that has taken no step.
    pub const fn new(options: AdamOptions) -> Self {
        Self {
            options,
            steps: 0,
            first: Slot::new(SLOTS[0]),
            second: Slot::new(SLOTS[1]),
            largest: Slot::new(SLOTS[2]),
        }
    }

    fn update(&mut self, name: &str, var: &Var, gradient: &Tensor, factors: &Factors) -> candle_core::Result<()> {
        let (first, second) = (self.first.of(name, var)?, self.second.of(name, var)?);
        if self.options.amsgrad {
            let kept = [first, second, self.largest.of(name, var)?];
            return apply(var, &kept, (gradient, factors.scale), &AmsGrad(factors));
        }
        match var.dtype() {
            DType::F32 if runs_here(&[var, gradient]) => fused::<f32>([var, &first, &second, gradient], factors),
            DType::F64 if runs_here(&[var, gradient]) => fused::<f64>([var, &first, &second, gradient], factors),
            _ => {
                let [first, second] = composed(var, [&first, &second, gradient], factors)?;
                self.first.set(name, first);
                self.second.set(name, second);
                Ok(())
            }
        }
    }
}

impl Optimizer for Adam {
    fn step(
        &mut self,
        parameters: &BTreeMap<String, Var>,
        gradients: &NamedGradients,
        learning_rate: f64,
    ) -> Result<(), OptimizerError> {
        let factors = Factors::new(&self.options, self.steps + 1, learning_rate, gradients.scale());
        for (name, gradient) in gradients.tensors() {
            if let Some(var) = parameters.get(name) {
                self.update(name, var, gradient, &factors)
                    .map_err(|source| OptimizerError::Tensor { name: name.clone(), source })?;
            }
        }
        self.steps += 1;
        Ok(())
    }

    fn state(&self) -> OptimizerState {
        let mut state = OptimizerState { steps: self.steps, tensors: BTreeMap::new() };
        self.first.write_to(&mut state);
        self.second.write_to(&mut state);
        self.largest.write_to(&mut state);
        state
    }

    fn restore(&mut self, parameters: &BTreeMap<String, Var>, state: &OptimizerState) -> Result<(), OptimizerError> {
        if self.options.amsgrad {
            [self.first, self.second, self.largest] = slots_from(SLOTS, parameters, state)?;
        } else {
            [self.first, self.second] = slots_from([SLOTS[0], SLOTS[1]], parameters, state)?;
        }
        self.steps = state.steps;
        Ok(())
    }
}

/// The numbers of one step, computed once in f64.
struct Factors {
    options: AdamOptions,
    scale: f64,
    /// What parameters are multiplied by: one, unless decay is decoupled.
    shrink: f64,
    /// What is added to the gradient, times the parameter: zero, unless decay goes through the gradient.
    decay: f64,
    /// The learning rate over the correction of the first moment.
    step_size: f64,
    /// The root of the correction of the second moment.
    root_correction: f64,
}

impl Factors {
    fn new(options: &AdamOptions, step: u64, learning_rate: f64, scale: f64) -> Self {
        // Beyond 2^31 steps the powers have long been zero.
        let step = i32::try_from(step).unwrap_or(i32::MAX);
        let (decay, shrink) = if options.decoupled {
            (0.0, 1.0 - learning_rate * options.weight_decay)
        } else {
            (options.weight_decay, 1.0)
        };
        Self {
            options: *options,
            scale,
            shrink,
            decay,
            step_size: learning_rate / (1.0 - options.beta1.powi(step)),
            root_correction: (1.0 - options.beta2.powi(step)).sqrt(),
        }
    }
}

/// What happens to one number when the largest second moment is kept.
struct AmsGrad<'a>(&'a Factors);

impl Rule<3> for AmsGrad<'_> {
    #[inline(always)]
    fn element<T: Real>(&self, parameter: T, [first, second, largest]: [T; 3], gradient: T) -> (T, [T; 3]) {
        let Factors { options, shrink, decay, step_size, root_correction, .. } = self.0;
        let gradient = gradient + T::from_f64(*decay) * parameter;
        let first = first + T::from_f64(1.0 - options.beta1) * (gradient - first);
        let kept = T::from_f64(options.beta2) * second;
        let second = kept + T::from_f64(1.0 - options.beta2) * (gradient * gradient);
        let largest = if second > largest { second } else { largest };
        let root = largest.square_root() / T::from_f64(*root_correction) + T::from_f64(options.epsilon);
        (parameter * T::from_f64(*shrink) - T::from_f64(*step_size) * (first / root), [first, second, largest])
    }
}

/// One pass over parameter, moments and gradient.
fn fused<T: Real + Writable>(
    [var, first, second, gradient]: [&Tensor; 4],
    factors: &Factors,
) -> candle_core::Result<()> {
    write(var, |parameters: &mut [T]| {
        write(first, |first: &mut [T]| {
            write(second, |second: &mut [T]| {
                read(gradient, |gradients: &[T]| {
                    update_all(parameters, first, second, gradients, factors);
                })
            })
        })
    })
}

fn update_all<T: Real>(parameters: &mut [T], first: &mut [T], second: &mut [T], gradients: &[T], factors: &Factors) {
    use rayon::prelude::*;
    if parameters.len() <= CHUNK {
        vectorized(
            #[inline(always)]
            || update_chunk((parameters, first, second), gradients, factors),
        );
        return;
    }
    parameters
        .par_chunks_mut(CHUNK)
        .zip(first.par_chunks_mut(CHUNK))
        .zip(second.par_chunks_mut(CHUNK))
        .zip(gradients.par_chunks(CHUNK))
        .for_each(|(((parameters, first), second), gradients)| {
            vectorized(
                #[inline(always)]
                || update_chunk((parameters, first, second), gradients, factors),
            );
        });
}

#[inline(always)]
fn update_chunk<T: Real>(
    (parameters, first, second): (&mut [T], &mut [T], &mut [T]),
    gradients: &[T],
    factors: &Factors,
) {
    let (scale, shrink, decay) = (T::from_f64(factors.scale), T::from_f64(factors.shrink), T::from_f64(factors.decay));
    let first_weight = T::from_f64(1.0 - factors.options.beta1);
    let (keep_second, second_weight) = (T::from_f64(factors.options.beta2), T::from_f64(1.0 - factors.options.beta2));
    let (step_size, root_correction) = (T::from_f64(factors.step_size), T::from_f64(factors.root_correction));
    let epsilon = T::from_f64(factors.options.epsilon);
    let moments = first.iter_mut().zip(second.iter_mut());
    for ((parameter, (first, second)), &gradient) in parameters.iter_mut().zip(moments).zip(gradients) {
        let gradient = gradient * scale + decay * *parameter;
        *first += first_weight * (gradient - *first);
        *second = keep_second * *second + second_weight * (gradient * gradient);
        let root = second.square_root() / root_correction + epsilon;
        *parameter = *parameter * shrink - step_size * (*first / root);
    }
}

/// The same of candle's own operations; returns the new moments.
fn composed(var: &Var, [first, second, gradient]: [&Tensor; 3], factors: &Factors) -> candle_core::Result<[Tensor; 2]> {
    let AdamOptions { beta1, beta2, epsilon, .. } = factors.options;
    let parameter = var.as_detached_tensor();
    let gradient = (gradient.affine(factors.scale, 0.0)? + parameter.affine(factors.decay, 0.0)?)?;
    let first = (first + (&gradient - first)?.affine(1.0 - beta1, 0.0)?)?;
    let second = (second.affine(beta2, 0.0)? + gradient.sqr()?.affine(1.0 - beta2, 0.0)?)?;
    let root = second.sqrt()?.affine(1.0 / factors.root_correction, epsilon)?;
    let step = (&first / root)?.affine(factors.step_size, 0.0)?;
    var.set(&(parameter.affine(factors.shrink, 0.0)? - step)?)?;
    Ok([first, second])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_near, flat, normal};

    #[test]
    fn one_pass_equals_candles_own_operations() -> candle_core::Result<()> {
        for decoupled in [false, true] {
            let options = AdamOptions { weight_decay: 0.1, decoupled, ..AdamOptions::default() };
            let (fused, other) = (Var::from_tensor(&normal("p", &[40]))?, Var::from_tensor(&normal("p", &[40]))?);
            let mut optimizer = Adam::new(options);
            let zeros = fused.zeros_like()?;
            let mut moments = [zeros.clone(), zeros];
            for step in 1..4 {
                let (gradient, factors) = (normal(&format!("g{step}"), &[40]), Factors::new(&options, step, 0.1, 0.5));
                optimizer.update("p", &fused, &gradient, &factors)?;
                moments = composed(&other, [&moments[0], &moments[1], &gradient], &factors)?;
            }
            assert_near(&flat(&fused), &flat(&other), 1e-14, "parameters");
        }
        Ok(())
    }

    #[test]
    fn while_gradients_grow_the_largest_moment_is_the_last() -> candle_core::Result<()> {
        let (own, plain) = (Var::from_tensor(&normal("p", &[40]))?, Var::from_tensor(&normal("p", &[40]))?);
        let options = AdamOptions { weight_decay: 0.1, decoupled: true, ..AdamOptions::default() };
        let mut optimizers = [Adam::new(AdamOptions { amsgrad: true, ..options }), Adam::new(options)];
        let mut differences = Vec::new();
        for (step, scale) in [(1, 1.0), (2, 2.0), (3, 4.0), (4, 0.0)] {
            let factors = Factors::new(&options, step, 0.1, scale);
            for (optimizer, var) in optimizers.iter_mut().zip([&own, &plain]) {
                optimizer.update("p", var, &normal("g", &[40]), &factors)?;
            }
            let pairs = flat(&own).into_iter().zip(flat(&plain));
            differences.push(pairs.map(|(own, plain)| (own - plain).abs()).fold(0.0, f64::max));
        }
        assert!(differences[2] < 1e-14 && differences[3] > 1e-6, "{differences:?}");
        Ok(())
    }

    #[test]
    fn the_largest_moment_is_saved_and_asked_for() {
        let parameters = BTreeMap::from([("p".to_owned(), Var::from_tensor(&normal("p", &[4])).unwrap())]);
        let ams = AdamOptions { amsgrad: true, ..AdamOptions::default() };
        let mut optimizer = Adam::new(ams);
        let factors = Factors::new(&ams, 1, 0.1, 1.0);
        optimizer.update("p", &parameters["p"], &normal("g", &[4]), &factors).unwrap();
        let state = optimizer.state();
        assert_eq!(state.tensors.len(), 3);
        Adam::new(ams).restore(&parameters, &state).unwrap();
        let refused = Adam::new(AdamOptions::default()).restore(&parameters, &state).unwrap_err();
        assert!(refused.to_string().contains("largest_moment.p"), "{refused}");
    }
}
