//! The first values of a parameter, from its initialization hint.

use candle_core::{DType, Device, Result, Shape, Tensor};
use candle_nn::Init;
use candle_nn::init::NormalOrUniform;

use crate::random::StreamKey;

/// A tensor with the values that `hint` asks for, drawn from the stream of `key`.
///
/// The draw is the same for every device and, up to rounding, for every element type.
pub(super) fn filled(key: &StreamKey, hint: Init, shape: &Shape, dtype: DType, device: &Device) -> Result<Tensor> {
    let distribution = match hint {
        Init::Const(value) => return Tensor::full(value, shape, device)?.to_dtype(dtype),
        Init::Uniform { lo, up } => Distribution::Uniform { low: lo, high: up },
        Init::Randn { mean, stdev } => Distribution::Normal { mean, deviation: stdev },
        Init::Kaiming { dist, fan, non_linearity } => {
            // A parameter without inputs has no values to scale either; one avoids a division by zero.
            let deviation = non_linearity.gain() / (fan.for_shape(shape).max(1) as f64).sqrt();
            match dist {
                NormalOrUniform::Normal => Distribution::Normal { mean: 0.0, deviation },
                NormalOrUniform::Uniform => {
                    let bound = 3.0_f64.sqrt() * deviation;
                    Distribution::Uniform { low: -bound, high: bound }
                }
            }
        }
    };
    if dtype == DType::F64 {
        let mut values = vec![0.0_f64; shape.elem_count()];
        distribution.fill(key, &mut values);
        return Tensor::from_vec(values, shape, device);
    }
    let mut values = vec![0.0_f32; shape.elem_count()];
    distribution.fill(key, &mut values);
    Tensor::from_vec(values, shape, device)?.to_dtype(dtype)
}

#[derive(Clone, Copy)]
enum Distribution {
    Uniform { low: f64, high: f64 },
    Normal { mean: f64, deviation: f64 },
}

impl Distribution {
    fn fill<T: crate::compute::Real>(self, key: &StreamKey, values: &mut [T]) {
        match self {
            Self::Uniform { low, high } => key.fill_uniform(values, low, high),
            Self::Normal { mean, deviation } => key.fill_normal(values, mean, deviation),
        }
    }
}
