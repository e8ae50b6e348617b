//! How many parameters a model would have, before any memory is asked for.

use std::sync::{Arc, Mutex, PoisonError};

use candle_core::{DType, Device, Result, Shape, Tensor, bail};
use candle_nn::var_builder::SimpleBackend;
use candle_nn::{Init, VarBuilder};

use super::{ModelConfig, ModelShape};

/// No model may have more parameters than this: 4 GiB of f32, of which training takes several times as much.
pub const MAX_PARAMETERS: usize = 1 << 30;

/// Says why the model cannot take this data, if it cannot: the model's own reasons, and its size.
///
/// # Errors
///
/// A message for people.
pub fn check_model(config: &dyn ModelConfig, shape: &ModelShape) -> std::result::Result<(), String> {
    config.check(shape)?;
    count_parameters(config, shape).map(|_| ())
}

/// The number of parameters and buffers that the model would have; the model is built of tensors without memory.
///
/// # Errors
///
/// A message for people: when it would have more than [`MAX_PARAMETERS`], or cannot be built.
pub fn count_parameters(config: &dyn ModelConfig, shape: &ModelShape) -> std::result::Result<usize, String> {
    let count = Count::default();
    let builder = VarBuilder::from_backend(Box::new(count.clone()), DType::F32, Device::Cpu);
    let built = config.build(shape, builder);
    match (count.get(), built) {
        (None, _) => Err(format!(
            "the model would have more than {MAX_PARAMETERS} parameters, which is the most that it may have: make its \
             layers smaller or fewer, or the samples smaller"
        )),
        (Some(_), Err(error)) => Err(error.to_string()),
        (Some(count), Ok(_)) => Ok(count),
    }
}

/// Counts what is asked for; nothing when it was too much.
#[derive(Clone)]
struct Count(Arc<Mutex<Option<usize>>>);

impl Default for Count {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Some(0))))
    }
}

impl Count {
    fn get(&self) -> Option<usize> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, dims: &[usize]) -> Option<usize> {
        let mut total = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = dims.iter().try_fold(1_usize, |product, dim| product.checked_mul(*dim));
        let sum = total.zip(count).and_then(|(total, count)| total.checked_add(count));
        *total = sum.filter(|sum| *sum <= MAX_PARAMETERS);
        *total
    }
}

impl SimpleBackend for Count {
    fn get(&self, shape: Shape, name: &str, _: Init, dtype: DType, device: &Device) -> Result<Tensor> {
        if self.add(shape.dims()).is_none() {
            bail!("`{name}` makes too many parameters");
        }
        Tensor::zeros((), dtype, device)?.broadcast_as(shape)
    }

    fn get_unchecked(&self, name: &str, _: DType, _: &Device) -> Result<Tensor> {
        bail!("`{name}` was asked for without its shape")
    }

    fn contains_tensor(&self, _: &str) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::MlpConfig;

    fn shape(sample: &[usize]) -> ModelShape {
        ModelShape { sample: sample.to_vec(), vocabulary: None, outputs: 10, each_position: false }
    }

    #[test]
    fn parameters_are_counted_without_memory() {
        let config = MlpConfig { hidden: vec![20], ..MlpConfig::default() };
        assert_eq!(count_parameters(&config, &shape(&[3, 5])), Ok(15 * 20 + 20 + 20 * 10 + 10));
        let config = MlpConfig { hidden: vec![1 << 14, 1 << 14], ..MlpConfig::default() };
        assert!(count_parameters(&config, &shape(&[784])).is_ok());
    }

    #[test]
    fn what_is_too_large_or_overflows_is_refused() {
        for hidden in [vec![1 << 20], vec![1 << 20, 1 << 20], vec![1 << 20; 5]] {
            let config = MlpConfig { hidden, ..MlpConfig::default() };
            let message = check_model(&config, &shape(&[3, 1 << 40])).unwrap_err();
            assert!(message.starts_with("the model would have more than 1073741824 parameters"), "{message}");
        }
    }
}
