//! The gradients of one step by parameter name: complete, measured, clipped.

use std::collections::BTreeMap;

use candle_core::backprop::GradStore;
use candle_core::{DType, Tensor, Var};

use crate::compute::{CHUNK, Real, backward, map_in_order, mapped, runs_here};
use crate::error::GradientError;
use crate::optim::update::read;

/// The gradients of one step by parameter name.
///
/// ```
/// use candle_core::{Device, Tensor, Var};
/// use std::collections::BTreeMap;
/// use steadfast_ops::{NamedGradients, mse};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let weight = Var::new(&[3.0_f32, 4.0], &Device::Cpu)?;
/// let loss = mse(weight.as_tensor(), &Tensor::zeros(2, candle_core::DType::F32, &Device::Cpu)?)?;
/// let parameters = BTreeMap::from([("weight".to_owned(), weight)]);
/// let mut gradients = NamedGradients::of(&loss, &parameters)?;
/// assert_eq!(gradients.clip_norm(1.0)?, 5.0);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct NamedGradients {
    gradients: BTreeMap<String, Tensor>,
    /// What every gradient is multiplied by when it is used: clipping costs no pass of its own.
    scale: f64,
}

impl NamedGradients {
    /// Runs the backward pass from `loss` and collects the gradient of every parameter.
    ///
    /// # Errors
    ///
    /// [`GradientError::Missing`] when the loss does not depend on some parameter. That is nearly always a mistake in
    /// the model, and candle would silently leave such a parameter untrained; where it is meant, use
    /// [`NamedGradients::reaching`].
    pub fn of(loss: &Tensor, parameters: &BTreeMap<String, Var>) -> Result<Self, GradientError> {
        let found = Self::reaching(loss, parameters)?;
        let names: Vec<String> =
            parameters.keys().filter(|name| !found.gradients.contains_key(*name)).cloned().collect();
        if names.is_empty() { Ok(found) } else { Err(GradientError::Missing { names }) }
    }

    /// The same, leaving out parameters that the loss does not depend on; they are not updated.
    pub fn reaching(loss: &Tensor, parameters: &BTreeMap<String, Var>) -> Result<Self, GradientError> {
        let mut collected = backward(loss)?;
        let mut gradients = BTreeMap::new();
        for (name, var) in parameters {
            if let Some(gradient) = collected.remove(var)? {
                gradients.insert(name.clone(), gradient);
            }
        }
        Ok(Self { gradients, scale: 1.0 })
    }

    /// Takes the gradients out of what candle's own backward pass returned.
    pub fn from_store(mut store: GradStore, parameters: &BTreeMap<String, Var>) -> Self {
        let gradients =
            parameters.iter().filter_map(|(name, var)| Some((name.clone(), store.remove(var.as_tensor())?)));
        Self { gradients: gradients.collect(), scale: 1.0 }
    }

    /// The gradients as they are, before scaling, sorted by name.
    pub const fn tensors(&self) -> &BTreeMap<String, Tensor> {
        &self.gradients
    }

    /// What they are multiplied by when they are used.
    pub const fn scale(&self) -> f64 {
        self.scale
    }

    /// Adds the gradients of another batch, such as when accumulating over several batches.
    pub fn add(&mut self, other: &Self) -> candle_core::Result<()> {
        if !is_one(self.scale) {
            for gradient in self.gradients.values_mut() {
                *gradient = gradient.affine(self.scale, 0.0)?;
            }
            self.scale = 1.0;
        }
        for (name, addend) in &other.gradients {
            let addend = if is_one(other.scale) { addend.clone() } else { addend.affine(other.scale, 0.0)? };
            match self.gradients.get_mut(name) {
                Some(sum) => *sum = sum.add(&addend)?,
                None => {
                    self.gradients.insert(name.clone(), addend);
                }
            }
        }
        Ok(())
    }

    /// Multiplies all gradients, such as by one over the number of accumulated batches.
    pub fn multiply(&mut self, factor: f64) {
        self.scale *= factor;
    }

    /// The Euclidean norm of all gradients together, scaled as they will be used.
    ///
    /// Squares are summed in f64, in the order of the names and of the elements.
    pub fn norm(&self) -> candle_core::Result<f64> {
        let mut squares = 0.0;
        for gradient in self.gradients.values() {
            squares += sum_of_squares(gradient)?;
        }
        Ok(squares.sqrt() * self.scale)
    }

    /// Scales all gradients down so that their common norm is at most `limit`; returns the norm before.
    ///
    /// As in `torch.nn.utils.clip_grad_norm_`, the factor is `limit / (norm + 1e-6)`, and never above one.
    pub fn clip_norm(&mut self, limit: f64) -> candle_core::Result<f64> {
        let norm = self.norm()?;
        let factor = limit / (norm + 1e-6);
        if factor < 1.0 {
            self.scale *= factor;
        }
        Ok(norm)
    }

    /// Limits every element to `-limit ..= limit`, scaled as it will be used: `torch.nn.utils.clip_grad_value_`.
    ///
    /// What is not a number stays so, and infinity becomes the limit: look at [`NamedGradients::norm`] first.
    pub fn clip_value(&mut self, limit: f64) -> candle_core::Result<()> {
        let scale = std::mem::replace(&mut self.scale, 1.0);
        for gradient in self.gradients.values_mut() {
            *gradient = match gradient.dtype() {
                DType::F32 if runs_here(&[gradient]) => clamped::<f32>(gradient, scale, limit)?,
                DType::F64 if runs_here(&[gradient]) => clamped::<f64>(gradient, scale, limit)?,
                _ => gradient.affine(scale, 0.0)?.clamp(-limit, limit)?,
            };
        }
        Ok(())
    }

    /// Checks that every gradient is finite.
    ///
    /// # Errors
    ///
    /// [`GradientError::NotFinite`] with the first parameter, by name, whose gradient is not.
    pub fn check_finite(&self) -> Result<(), GradientError> {
        for (name, gradient) in &self.gradients {
            // Squares of f32 cannot overflow in f64, so the sum is finite exactly where all elements are.
            if !sum_of_squares(gradient)?.is_finite() {
                return Err(GradientError::NotFinite { name: name.clone() });
            }
        }
        Ok(())
    }
}

/// The value of a scalar loss.
///
/// # Errors
///
/// [`GradientError::LossNotFinite`] when it is an infinity or not a number: training has diverged.
pub fn finite_loss(loss: &Tensor) -> Result<f64, GradientError> {
    let value = loss.to_dtype(DType::F64)?.to_scalar::<f64>()?;
    if value.is_finite() { Ok(value) } else { Err(GradientError::LossNotFinite { value }) }
}

#[expect(clippy::float_cmp, reason = "one and nothing else means that there is nothing to multiply")]
fn is_one(scale: f64) -> bool {
    scale == 1.0
}

/// A new tensor: gradients of several parameters may share their memory.
fn clamped<T: Real>(gradient: &Tensor, scale: f64, limit: f64) -> candle_core::Result<Tensor> {
    let (scale, least, most) = (T::from_f64(scale), T::from_f64(-limit), T::from_f64(limit));
    let values = read(gradient, |values: &[T]| {
        mapped(values, |value| {
            let value = value * scale;
            if value < least {
                least
            } else if value > most {
                most
            } else {
                value
            }
        })
    })?;
    Tensor::from_vec(values, gradient.shape(), gradient.device())
}

fn sum_of_squares(gradient: &Tensor) -> candle_core::Result<f64> {
    if !runs_here(&[gradient]) {
        return gradient.to_dtype(DType::F32)?.sqr()?.sum_all()?.to_dtype(DType::F64)?.to_scalar();
    }
    match gradient.dtype() {
        DType::F32 => read(gradient, |values: &[f32]| squares_of(values)),
        _ => read(gradient, |values: &[f64]| squares_of(values)),
    }
}

fn squares_of<T: Real>(values: &[T]) -> f64 {
    let parts = map_in_order(values.len().div_ceil(CHUNK), |chunk| {
        let part = &values[chunk * CHUNK..((chunk + 1) * CHUNK).min(values.len())];
        let mut lanes = [0.0_f64; 16];
        for block in part.chunks(16) {
            for (lane, &value) in lanes.iter_mut().zip(block) {
                *lane += value.to_f64() * value.to_f64();
            }
        }
        lanes.into_iter().sum::<f64>()
    });
    parts.into_iter().sum()
}
