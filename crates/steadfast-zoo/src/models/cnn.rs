//! A plain convolutional network: convolutions with ReLU and max-pooling, then two linear layers.

use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;
use serde_json::Value;
use steadfast_config::{Section, section};
use steadfast_ops::{Conv2d, Conv2dOptions, Dropout, Linear, StepContext, flatten_from, max_pool2d, relu};

use super::{Model, ModelConfig, ModelEntry, ModelShape};

pub(super) const ENTRY: ModelEntry =
    ModelEntry::new::<CnnConfig>("CNN", "convolutions with ReLU and max-pooling, then two linear layers");

section! {
    /// Parameters of the convolutional network.
    pub struct CnnConfig {
        /// Output channels of each convolution; each halves the height and the width.
        trajectory channels: Vec<usize> = vec![32, 64], 1..=65_536;
        /// Width of the linear layer before the last one.
        trajectory hidden: usize = 128, 1..=1_048_576;
        /// Share of the hidden activations that is dropped while training.
        trajectory dropout: f64 = 0.0, 0.0..1.0;
    }
}

/// `conv1`, `conv2`, ...: 3x3 with padding 1, each with ReLU and 2x2 max-pooling; then `fc1`, ReLU, `fc2`.
#[derive(Debug)]
pub struct Cnn {
    convolutions: Vec<Conv2d>,
    fc1: Linear,
    dropout: Dropout,
    fc2: Linear,
}

impl ModelConfig for CnnConfig {
    fn to_json(&self) -> Value {
        Section::to_json(self)
    }

    fn check(&self, shape: &ModelShape) -> std::result::Result<(), String> {
        let [_, height, width] = shape.sample[..] else {
            return Err(format!(
                "a CNN takes images of [channels, height, width], but a sample here has the shape {:?}",
                shape.sample
            ));
        };
        let halvings = u32::try_from(self.channels.len()).unwrap_or(u32::MAX);
        let smallest = 1_usize.checked_shl(halvings).unwrap_or(usize::MAX);
        if height.min(width) < smallest {
            return Err(format!(
                "{} convolutions halve the image {} times, which takes at least {smallest}x{smallest} pixels, \
                 but the images here have {height}x{width}",
                self.channels.len(),
                self.channels.len(),
            ));
        }
        Ok(())
    }

    fn build(&self, shape: &ModelShape, builder: VarBuilder<'_>) -> Result<Box<dyn Model>> {
        let [mut channels, mut height, mut width] = shape.sample[..] else {
            candle_core::bail!("a CNN takes images of [channels, height, width]");
        };
        let mut convolutions = Vec::with_capacity(self.channels.len());
        for (index, outputs) in self.channels.iter().enumerate() {
            let options = Conv2dOptions { padding: 1, ..Conv2dOptions::default() };
            let builder = builder.pp(format!("conv{}", index + 1));
            convolutions.push(Conv2d::new([channels, *outputs], 3, options, &builder)?);
            (channels, height, width) = (*outputs, height / 2, width / 2);
        }
        let fc1 = Linear::new(channels * height * width, self.hidden, &builder.pp("fc1"))?;
        let dropout = Dropout::new(self.dropout, &builder.pp("dropout"))?;
        let fc2 = Linear::new(self.hidden, shape.outputs, &builder.pp("fc2"))?;
        Ok(Box::new(Cnn { convolutions, fc1, dropout, fc2 }))
    }
}

impl Model for Cnn {
    fn forward(&self, input: &Tensor, context: &StepContext) -> Result<Tensor> {
        let mut images = input.clone();
        for convolution in &self.convolutions {
            images = max_pool2d(&relu(&convolution.forward(&images, context)?)?, 2, 2, 0)?;
        }
        let hidden = relu(&self.fc1.forward(&flatten_from(&images, 1)?, context)?)?;
        self.fc2.forward(&self.dropout.forward(&hidden, context)?, context)
    }
}
