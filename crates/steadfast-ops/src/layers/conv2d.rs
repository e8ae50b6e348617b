//! The convolutional layer.

use candle_core::{Result, Tensor, bail};
use candle_nn::VarBuilder;

use super::uniform::within_fan_in;
use crate::context::StepContext;
use crate::ops::{self, Conv2dOptions};

/// A two-dimensional convolution with a square kernel.
///
/// Parameters: `weight` `[out, in / groups, kernel, kernel]` and `bias` `[out]`, both first uniform within
/// `1 / sqrt(in / groups * kernel * kernel)`, as in `PyTorch`.
#[derive(Clone, Debug)]
pub struct Conv2d {
    weight: Tensor,
    bias: Option<Tensor>,
    options: Conv2dOptions,
}

impl Conv2d {
    /// A layer from `inputs` to `outputs` channels.
    pub fn new(
        [inputs, outputs]: [usize; 2],
        kernel: usize,
        options: Conv2dOptions,
        builder: &VarBuilder<'_>,
    ) -> Result<Self> {
        let layer = Self::without_bias([inputs, outputs], kernel, options, builder)?;
        let fan_in = inputs / options.groups * kernel * kernel;
        let bias = builder.get_with_hints(outputs, "bias", within_fan_in(fan_in))?;
        Ok(Self { bias: Some(bias), ..layer })
    }

    /// The same without a bias, as before a batch-norm.
    pub fn without_bias(
        [inputs, outputs]: [usize; 2],
        kernel: usize,
        options: Conv2dOptions,
        builder: &VarBuilder<'_>,
    ) -> Result<Self> {
        let groups = options.groups;
        if groups == 0 || inputs % groups != 0 || outputs % groups != 0 {
            bail!("{groups} groups do not divide {inputs} input and {outputs} output channels");
        }
        let shape = (outputs, inputs / groups, kernel, kernel);
        let weight = builder.get_with_hints(shape, "weight", within_fan_in(inputs / groups * kernel * kernel))?;
        Ok(Self { weight, bias: None, options })
    }

    /// A layer of parameters that exist already, such as ones with other first values.
    pub const fn from_tensors(weight: Tensor, bias: Option<Tensor>, options: Conv2dOptions) -> Self {
        Self { weight, bias, options }
    }

    /// Applies the layer to `[batch, in, height, width]`.
    pub fn forward(&self, x: &Tensor, _context: &StepContext) -> Result<Tensor> {
        ops::conv2d(x, &self.weight, self.bias.as_ref(), self.options)
    }

    /// The weight, `[out, in / groups, kernel, kernel]`.
    pub const fn weight(&self) -> &Tensor {
        &self.weight
    }

    /// The bias, `[out]`.
    pub const fn bias(&self) -> Option<&Tensor> {
        self.bias.as_ref()
    }
}
