//! The batch-normalization layer.

use candle_core::{DType, Result, Tensor};
use candle_nn::{Init, VarBuilder};

use crate::context::StepContext;
use crate::ops::{self, ChannelStatistics};

/// Batch normalization of `[batch, channels, ...]`: `torch.nn.BatchNorm1d`, `2d` and `3d` in one.
///
/// While training it normalizes by the batch's statistics and moves the running ones towards them; otherwise it
/// normalizes by the running ones.
/// Parameters: `weight` (first one) and `bias` (first zero), both `[channels]`. Buffers: `running_mean` (first zero),
/// `running_var` (first one) and `num_batches_tracked` (an i64 scalar).
#[derive(Clone, Debug)]
pub struct BatchNorm {
    weight: Tensor,
    bias: Tensor,
    running: ChannelStatistics,
    batches: Tensor,
}

/// Added to the variance; `PyTorch`'s default.
const EPSILON: f64 = 1e-5;
/// How far the running statistics move towards the batch's; `PyTorch`'s default.
const MOMENTUM: f64 = 0.1;

impl BatchNorm {
    /// A layer for this many channels.
    pub fn new(channels: usize, builder: &VarBuilder<'_>) -> Result<Self> {
        let get = |name, value| builder.get_with_hints(channels, name, Init::Const(value));
        Ok(Self {
            weight: get("weight", 1.0)?,
            bias: get("bias", 0.0)?,
            running: ChannelStatistics { mean: get("running_mean", 0.0)?, variance: get("running_var", 1.0)? },
            batches: builder.get_with_hints_dtype((), "num_batches_tracked", Init::Const(0.0), DType::I64)?,
        })
    }

    /// Applies the layer.
    ///
    /// The running statistics change in place while training, so a forward pass whose result is thrown away still
    /// counts.
    pub fn forward(&self, x: &Tensor, context: &StepContext) -> Result<Tensor> {
        if !context.is_training() {
            return self.evaluated(x);
        }
        self.moved(x, ops::batch_norm(x, &self.weight, &self.bias, EPSILON)?)
    }

    /// `max(y, 0)` of what [`forward`](Self::forward) gives, in one pass while training.
    pub fn forward_relu(&self, x: &Tensor, context: &StepContext) -> Result<Tensor> {
        if !context.is_training() {
            return ops::relu(&self.evaluated(x)?);
        }
        self.moved(x, ops::batch_norm_relu(x, &self.weight, &self.bias, EPSILON)?)
    }

    fn evaluated(&self, x: &Tensor) -> Result<Tensor> {
        let running = ChannelStatistics { mean: self.running.mean.detach(), variance: self.running.variance.detach() };
        ops::batch_norm_with(x, &self.weight, &self.bias, &running, EPSILON)
    }

    /// Moves the running statistics towards those of a batch, and returns its result.
    fn moved(&self, x: &Tensor, (y, batch): (Tensor, ChannelStatistics)) -> Result<Tensor> {
        let count = (x.elem_count() / self.weight.elem_count().max(1)) as f64;
        // PyTorch normalizes by the biased variance but tracks the unbiased one.
        let unbiased = batch.variance.affine(count / (count - 1.0), 0.0)?;
        move_towards(&self.running.mean, &batch.mean)?;
        move_towards(&self.running.variance, &unbiased)?;
        let batches = self.batches.flatten_all()?;
        batches.slice_set(&batches.affine(1.0, 1.0)?, 0, 0)?;
        Ok(y)
    }
}

/// Moves a running statistic a little towards that of a batch, in place.
fn move_towards(running: &Tensor, batch: &Tensor) -> Result<()> {
    let running = running.detach();
    let moved = (running.affine(1.0 - MOMENTUM, 0.0)? + batch.affine(MOMENTUM, 0.0)?)?;
    running.slice_set(&moved, 0, 0)
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::init::SeededParameters;
    use crate::random::Seed;
    use crate::testing::{assert_near, flat, normal};

    #[test]
    fn running_statistics_are_buffers_that_follow_the_batches() -> Result<()> {
        let parameters = SeededParameters::new(Seed::new(1));
        let layer = BatchNorm::new(3, &parameters.var_builder(DType::F32, &Device::Cpu).pp("bn"))?;
        let x = normal("x", &[4, 3, 2]).to_dtype(DType::F32)?;
        for step in 0..2 {
            layer.forward(&x, &StepContext::training(Seed::new(1), step))?;
        }
        let buffers = parameters.buffers();
        let value = |name: &str| flat(&buffers[&format!("bn.{name}")]);
        assert_eq!(value("num_batches_tracked"), [2.0]);
        let (_, batch) = ops::batch_norm(&x, &layer.weight, &layer.bias, EPSILON)?;
        // Two steps of 0.9 * old + 0.1 * new.
        let mean: Vec<f64> = flat(&batch.mean).iter().map(|mean| 0.19 * mean).collect();
        let variance: Vec<f64> = flat(&batch.variance).iter().map(|v| 0.81 + 0.19 * v * 8.0 / 7.0).collect();
        assert_near(&value("running_mean"), &mean, 1e-6, "running mean");
        assert_near(&value("running_var"), &variance, 1e-6, "running variance");
        assert_eq!(parameters.parameters().into_keys().collect::<Vec<_>>(), ["bn.bias", "bn.weight"]);
        let y = layer.forward(&x, &StepContext::evaluation())?;
        layer.forward(&x, &StepContext::evaluation())?;
        assert_eq!(value("num_batches_tracked"), [2.0]);
        assert_eq!(y.dims(), x.dims());
        Ok(())
    }
}
