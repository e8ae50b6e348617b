//! LeNet-5: LeCun, Bottou, Bengio, Haffner, "Gradient-Based Learning Applied to Document Recognition", 1998.

use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;
use serde_json::Value;
use steadfast_config::{Section, choice, section};
use steadfast_ops::{Conv2d, Conv2dOptions, Linear, StepContext, avg_pool2d, flatten_from, max_pool2d, relu, tanh};

use super::image::Image;
use super::{Alias, Model, ModelConfig, ModelEntry, ModelShape};

const NAME: &str = "LeNet";

pub(super) const ENTRY: ModelEntry =
    ModelEntry::new::<LeNetConfig>(NAME, "LeNet-5: two 5x5 convolutions with pooling, then three linear layers")
        .with_aliases(&[Alias { name: "lenet5", sets: &[] }]);

/// Channels of the two convolutions.
const CHANNELS: [usize; 2] = [6, 16];
/// Widths of the two hidden linear layers.
const HIDDEN: [usize; 2] = [120, 84];
/// Side of the convolutions' kernels.
const KERNEL: usize = 5;
/// The image that the network was made for; smaller ones are padded by two pixels.
const MADE_FOR: usize = 32;
/// The smallest side that leaves anything after two poolings.
const SMALLEST: usize = 4;

choice! {
    /// What follows each layer but the last.
    pub enum Activation {
        /// Zero for what is negative.
        Relu = "relu",
        /// The hyperbolic tangent, as in 1998.
        Tanh = "tanh",
    }
}

choice! {
    /// How four pixels become one.
    pub enum Pooling {
        /// Their greatest.
        Max = "max",
        /// Their mean, as in 1998.
        Average = "average",
    }
}

section! {
    /// Parameters of LeNet-5.
    pub struct LeNetConfig {
        /// What follows each layer but the last.
        trajectory activation: Activation = Activation::Relu;
        /// How the image is halved after each convolution.
        trajectory pooling: Pooling = Pooling::Max;
    }
}

/// `conv1`, `conv2`, each with activation and 2x2 pooling; then `fc1`, `fc2`, `fc3`.
///
/// Images below 32 pixels get a padding of two, and so does what is left of very small ones before `conv2`.
#[derive(Debug)]
pub struct LeNet {
    config: LeNetConfig,
    convolutions: Vec<Conv2d>,
    linear: Vec<Linear>,
}

/// What pooling leaves of a side after a convolution, and the padding of that convolution.
const fn halved(side: usize, padded: bool) -> (usize, usize) {
    let padding = if padded { KERNEL / 2 } else { 0 };
    ((side + 2 * padding + 1).saturating_sub(KERNEL) / 2, padding)
}

impl ModelConfig for LeNetConfig {
    fn to_json(&self) -> Value {
        Section::to_json(self)
    }

    fn check(&self, shape: &ModelShape) -> std::result::Result<(), String> {
        let image = Image::of(shape, NAME)?;
        if image.side() < SMALLEST {
            return Err(format!(
                "{NAME} halves the image twice, which takes at least {SMALLEST}x{SMALLEST} pixels, but the images here \
                 have {}x{}",
                image.height, image.width
            ));
        }
        Ok(())
    }

    fn build(&self, shape: &ModelShape, builder: VarBuilder<'_>) -> Result<Box<dyn Model>> {
        let Image { mut channels, mut height, mut width } = Image::of(shape, NAME).map_err(candle_core::Error::Msg)?;
        let mut convolutions = Vec::with_capacity(CHANNELS.len());
        for (index, outputs) in CHANNELS.into_iter().enumerate() {
            let smallest = if index == 0 { MADE_FOR } else { KERNEL + 1 };
            let padded = height.min(width) < smallest;
            let (rows, padding) = halved(height, padded);
            let options = Conv2dOptions { padding, ..Conv2dOptions::default() };
            let builder = builder.pp(format!("conv{}", index + 1));
            convolutions.push(Conv2d::new([channels, outputs], KERNEL, options, &builder)?);
            (channels, height, width) = (outputs, rows, halved(width, padded).0);
        }
        let (mut linear, mut inputs) = (Vec::new(), channels * height * width);
        for (index, outputs) in HIDDEN.into_iter().chain([shape.outputs]).enumerate() {
            linear.push(Linear::new(inputs, outputs, &builder.pp(format!("fc{}", index + 1)))?);
            inputs = outputs;
        }
        Ok(Box::new(LeNet { config: self.clone(), convolutions, linear }))
    }
}

impl LeNet {
    fn activated(&self, x: &Tensor) -> Result<Tensor> {
        match self.config.activation {
            Activation::Relu => relu(x),
            Activation::Tanh => tanh(x),
        }
    }
}

impl Model for LeNet {
    fn forward(&self, input: &Tensor, context: &StepContext) -> Result<Tensor> {
        let mut x = input.clone();
        for convolution in &self.convolutions {
            x = self.activated(&convolution.forward(&x, context)?)?;
            x = match self.config.pooling {
                Pooling::Max => max_pool2d(&x, 2, 2, 0)?,
                Pooling::Average => avg_pool2d(&x, 2, 2, 0)?,
            };
        }
        x = flatten_from(&x, 1)?;
        for (index, layer) in self.linear.iter().enumerate() {
            if index > 0 {
                x = self.activated(&x)?;
            }
            x = layer.forward(&x, context)?;
        }
        Ok(x)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::count_parameters;

    #[test]
    fn mnist_has_the_61_706_parameters_of_1998() {
        let shape = ModelShape { sample: vec![1, 28, 28], vocabulary: None, outputs: 10, each_position: false };
        assert_eq!(count_parameters(&LeNetConfig::default(), &shape), Ok(61_706));
    }

    #[test]
    fn images_too_small_are_refused() {
        let shape = |side| ModelShape { sample: vec![1, side, 9], vocabulary: None, outputs: 2, each_position: false };
        for side in 4..=12 {
            assert!(count_parameters(&LeNetConfig::default(), &shape(side)).is_ok(), "{side}");
        }
        assert!(LeNetConfig::default().check(&shape(3)).unwrap_err().contains("at least 4x4 pixels"));
    }
}
