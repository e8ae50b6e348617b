//! The layer-normalization layer.

use candle_core::{Result, Tensor};
use candle_nn::{Init, VarBuilder};

use crate::context::StepContext;
use crate::ops;

/// Normalization of each row over the last dimension: `torch.nn.LayerNorm` with its default epsilon, 1e-5.
///
/// Parameters: `weight` (first one) and `bias` (first zero), both `[width]`.
#[derive(Clone, Debug)]
pub struct LayerNorm {
    weight: Tensor,
    bias: Tensor,
}

impl LayerNorm {
    /// A layer for rows of this width.
    pub fn new(width: usize, builder: &VarBuilder<'_>) -> Result<Self> {
        Ok(Self {
            weight: builder.get_with_hints(width, "weight", Init::Const(1.0))?,
            bias: builder.get_with_hints(width, "bias", Init::Const(0.0))?,
        })
    }

    /// Applies the layer to `[..., width]`.
    pub fn forward(&self, x: &Tensor, _context: &StepContext) -> Result<Tensor> {
        ops::layer_norm(x, &self.weight, &self.bias, 1e-5)
    }
}
