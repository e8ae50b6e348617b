//! The fully connected layer.

use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;

use super::uniform::within_fan_in;
use crate::context::StepContext;
use crate::ops;

/// `y = x W^T + b` over the last dimension.
///
/// Parameters: `weight` `[out, in]` and `bias` `[out]`, both first uniform within `1 / sqrt(in)`, as in `PyTorch`.
#[derive(Clone, Debug)]
pub struct Linear {
    weight: Tensor,
    bias: Option<Tensor>,
}

impl Linear {
    /// A layer from `inputs` to `outputs` features.
    pub fn new(inputs: usize, outputs: usize, builder: &VarBuilder<'_>) -> Result<Self> {
        let layer = Self::without_bias(inputs, outputs, builder)?;
        let bias = builder.get_with_hints(outputs, "bias", within_fan_in(inputs))?;
        Ok(Self { bias: Some(bias), ..layer })
    }

    /// The same without a bias.
    pub fn without_bias(inputs: usize, outputs: usize, builder: &VarBuilder<'_>) -> Result<Self> {
        let weight = builder.get_with_hints((outputs, inputs), "weight", within_fan_in(inputs))?;
        Ok(Self { weight, bias: None })
    }

    /// A layer of parameters that exist already, such as ones with other first values.
    pub const fn from_tensors(weight: Tensor, bias: Option<Tensor>) -> Self {
        Self { weight, bias }
    }

    /// Applies the layer to `[..., in]`.
    pub fn forward(&self, x: &Tensor, _context: &StepContext) -> Result<Tensor> {
        ops::linear(x, &self.weight, self.bias.as_ref())
    }

    /// The weight, `[out, in]`.
    pub const fn weight(&self) -> &Tensor {
        &self.weight
    }

    /// The bias, `[out]`.
    pub const fn bias(&self) -> Option<&Tensor> {
        self.bias.as_ref()
    }
}
