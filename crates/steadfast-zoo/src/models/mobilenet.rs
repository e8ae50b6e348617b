//! MobileNetV2: Sandler, Howard, Zhu, Zhmoginov, Chen, "Inverted Residuals and Linear Bottlenecks", 2018.

use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;
use serde_json::Value;
use steadfast_config::{Section, section};
use steadfast_ops::{
    BatchNorm, Conv2d, Conv2dOptions, Dropout, Linear, StepContext, add, depthwise_conv2d, global_mean, relu6,
};

use super::image::{Image, LARGE};
use super::initial::{self, ZEROS, convolution, fan_out_normal, normal};
use super::{Model, ModelConfig, ModelEntry, ModelShape, Stem};

const NAME: &str = "MobileNetV2";

pub(super) const ENTRY: ModelEntry =
    ModelEntry::new::<MobileNetConfig>(NAME, "MobileNetV2: depthwise convolutions, with torchvision's names");

/// Of each stage: how much its blocks widen inside, their channels, their number, and the stride of the first.
const STAGES: [[usize; 4]; 7] =
    [[1, 16, 1, 1], [6, 24, 2, 2], [6, 32, 3, 2], [6, 64, 4, 2], [6, 96, 3, 1], [6, 160, 3, 2], [6, 320, 1, 1]];

section! {
    /// Parameters of the mobile network.
    pub struct MobileNetConfig {
        /// Factor of all channels, which are then rounded to multiples of eight.
        trajectory width: f64 = 1.0, 0.01..=16.0;
        /// `imagenet` divides the image by 32, `cifar` by 8; `auto` decides by its size.
        trajectory stem: Stem = Stem::Auto;
        /// Share of the inputs of the last layer that is dropped while training.
        trajectory dropout: f64 = 0.2, 0.0..1.0;
    }
}

/// `features.0` to `features.18`: a convolution, inverted residual blocks, a convolution; then the mean over each
/// channel and `classifier.1`.
#[derive(Debug)]
pub struct MobileNet {
    first: Unit,
    blocks: Vec<Block>,
    last: Unit,
    dropout: Dropout,
    classifier: Linear,
}

/// `channels` times `width`, rounded to a multiple of eight that is no less than nine tenths of it.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive, and at most 1280 times 16")]
fn widened(channels: usize, width: f64) -> usize {
    let exact = channels as f64 * width;
    let rounded = (((exact + 4.0) as usize) / 8 * 8).max(8);
    if (rounded as f64) < 0.9 * exact { rounded + 8 } else { rounded }
}

impl ModelConfig for MobileNetConfig {
    fn to_json(&self) -> Value {
        Section::to_json(self)
    }

    fn check(&self, shape: &ModelShape) -> std::result::Result<(), String> {
        Image::of(shape, NAME).map(|_| ())
    }

    fn build(&self, shape: &ModelShape, builder: VarBuilder<'_>) -> Result<Box<dyn Model>> {
        let image = Image::of(shape, NAME).map_err(candle_core::Error::Msg)?;
        let large = match self.stem {
            Stem::Auto => image.side() >= LARGE,
            Stem::Imagenet => true,
            Stem::Cifar => false,
        };
        let features = builder.pp("features");
        let mut channels = widened(32, self.width);
        let stride = if large { 2 } else { 1 };
        let first = Unit::new([image.channels, channels], 3, stride, &features.pp(0))?;
        let mut blocks = Vec::new();
        for (stage, [widening, outputs, count, stride]) in STAGES.into_iter().enumerate() {
            let outputs = widened(outputs, self.width);
            for index in 0..count {
                // Small images keep their size in the first stages.
                let stride = if index == 0 && (large || stage > 1) { stride } else { 1 };
                let builder = features.pp(blocks.len() + 1).pp("conv");
                blocks.push(Block::new([channels, outputs], widening, stride, &builder)?);
                channels = outputs;
            }
        }
        let outputs = widened(1_280, self.width.max(1.0));
        let last = Unit::new([channels, outputs], 1, 1, &features.pp(blocks.len() + 1))?;
        let dropout = Dropout::new(self.dropout, &builder.pp("classifier.0"))?;
        let first_values = (normal(0.01), ZEROS);
        let classifier = initial::linear([outputs, shape.outputs], first_values, &builder.pp("classifier.1"))?;
        Ok(Box::new(MobileNet { first, blocks, last, dropout, classifier }))
    }
}

impl Model for MobileNet {
    fn forward(&self, input: &Tensor, context: &StepContext) -> Result<Tensor> {
        let mut x = self.first.forward(input, context)?;
        for block in &self.blocks {
            x = block.forward(&x, context)?;
        }
        let means = global_mean(&self.last.forward(&x, context)?)?;
        self.classifier.forward(&self.dropout.forward(&means, context)?, context)
    }
}

/// A convolution with batch norm and the rectifier up to six: `0` and `1`.
#[derive(Debug)]
struct Unit {
    convolution: Conv2d,
    norm: BatchNorm,
}

impl Unit {
    fn new(channels: [usize; 2], kernel: usize, stride: usize, builder: &VarBuilder<'_>) -> Result<Self> {
        let options = Conv2dOptions { stride, padding: kernel / 2, ..Conv2dOptions::default() };
        let first = (fan_out_normal(channels[1], kernel), None);
        Ok(Self {
            convolution: convolution(channels, kernel, options, first, &builder.pp(0))?,
            norm: BatchNorm::new(channels[1], &builder.pp(1))?,
        })
    }

    fn forward(&self, x: &Tensor, context: &StepContext) -> Result<Tensor> {
        relu6(&self.norm.forward(&self.convolution.forward(x, context)?, context)?)
    }
}

/// A block that widens, convolves each channel by itself and narrows again, with a shortcut where the shape allows it.
#[derive(Debug)]
struct Block {
    widening: Option<Unit>,
    stride: usize,
    depthwise: Tensor,
    depthwise_norm: BatchNorm,
    narrowing: Conv2d,
    narrowing_norm: BatchNorm,
    shortcut: bool,
}

impl Block {
    fn new([inputs, outputs]: [usize; 2], widening: usize, stride: usize, builder: &VarBuilder<'_>) -> Result<Self> {
        let inner = inputs * widening;
        let widens = widening > 1;
        let unit = widens.then(|| Unit::new([inputs, inner], 1, 1, &builder.pp(0))).transpose()?;
        // A block that does not widen has its other layers one number earlier.
        let at = usize::from(widens);
        let depthwise = builder.pp(at);
        let weight = depthwise.pp(0).get_with_hints((inner, 1, 3, 3), "weight", fan_out_normal(inner, 3))?;
        let first = (fan_out_normal(outputs, 1), None);
        let narrowing = convolution([inner, outputs], 1, Conv2dOptions::default(), first, &builder.pp(at + 1))?;
        Ok(Self {
            widening: unit,
            stride,
            depthwise: weight,
            depthwise_norm: BatchNorm::new(inner, &depthwise.pp(1))?,
            narrowing,
            narrowing_norm: BatchNorm::new(outputs, &builder.pp(at + 2))?,
            shortcut: stride == 1 && inputs == outputs,
        })
    }

    fn forward(&self, input: &Tensor, context: &StepContext) -> Result<Tensor> {
        let wide = match &self.widening {
            Some(unit) => unit.forward(input, context)?,
            None => input.clone(),
        };
        let x = depthwise_conv2d(&wide, &self.depthwise, self.stride, 1)?;
        let x = relu6(&self.depthwise_norm.forward(&x, context)?)?;
        let x = self.narrowing_norm.forward(&self.narrowing.forward(&x, context)?, context)?;
        if self.shortcut { add(&x, input) } else { Ok(x) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::count_parameters;

    /// Parameters and buffers: `sum(t.numel() for t in torchvision.models.mobilenet_v2().state_dict().values())`.
    #[test]
    fn as_many_parameters_as_torchvision() {
        let shape = ModelShape { sample: vec![3, 224, 224], vocabulary: None, outputs: 1_000, each_position: false };
        assert_eq!(count_parameters(&MobileNetConfig::default(), &shape), Ok(3_539_036));
    }

    /// `torchvision.models._utils._make_divisible(channels * width, 8)`.
    #[test]
    fn channels_are_rounded_as_in_torchvision() {
        let found = [(32, 0.25), (16, 0.25), (24, 0.35), (32, 0.35), (96, 1.4), (24, 0.5)].map(|(c, w)| widened(c, w));
        assert_eq!(found, [8, 8, 8, 16, 136, 16]);
    }
}
