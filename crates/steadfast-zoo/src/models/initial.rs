//! Layers whose first values are other than those of `PyTorch`'s layers, as each model's makers chose them.

use candle_core::Result;
use candle_nn::{Init, VarBuilder};
use steadfast_ops::{Conv2d, Conv2dOptions, Linear};

/// The normal distribution around zero.
pub(super) const fn normal(deviation: f64) -> Init {
    Init::Randn { mean: 0.0, stdev: deviation }
}

/// Zeros.
pub(super) const ZEROS: Init = Init::Const(0.0);

/// `torch.nn.init.kaiming_normal_(mode="fan_out", nonlinearity="relu")` for a kernel of `kernel` x `kernel`.
///
/// `PyTorch` computes the fan from the weight's shape alone, whatever the number of groups.
pub(super) fn fan_out_normal(outputs: usize, kernel: usize) -> Init {
    normal((2.0 / (outputs * kernel * kernel) as f64).sqrt())
}

/// `torch.nn.init.xavier_uniform_` for a weight `[outputs, inputs]`.
pub(super) fn xavier_uniform(inputs: usize, outputs: usize) -> Init {
    within((6.0 / (inputs + outputs) as f64).sqrt())
}

/// The uniform distribution within a bound.
pub(super) const fn within(bound: f64) -> Init {
    Init::Uniform { lo: -bound, up: bound }
}

/// A convolution with these first values; without a bias where there are none for it.
pub(super) fn convolution(
    [inputs, outputs]: [usize; 2],
    kernel: usize,
    options: Conv2dOptions,
    (weight, bias): (Init, Option<Init>),
    builder: &VarBuilder<'_>,
) -> Result<Conv2d> {
    let shape = (outputs, inputs / options.groups.max(1), kernel, kernel);
    let weight = builder.get_with_hints(shape, "weight", weight)?;
    let bias = bias.map(|bias| builder.get_with_hints(outputs, "bias", bias)).transpose()?;
    Ok(Conv2d::from_tensors(weight, bias, options))
}

/// A linear layer with these first values.
pub(super) fn linear(
    [inputs, outputs]: [usize; 2],
    (weight, bias): (Init, Init),
    builder: &VarBuilder<'_>,
) -> Result<Linear> {
    let weight = builder.get_with_hints((outputs, inputs), "weight", weight)?;
    let bias = builder.get_with_hints(outputs, "bias", bias)?;
    Ok(Linear::from_tensors(weight, Some(bias)))
}
