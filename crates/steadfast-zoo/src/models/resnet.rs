//! Residual networks: He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition", 2015.

use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;
use serde_json::Value;
use steadfast_config::{JsonPath, Node, Problems, Section, choice, section};
use steadfast_ops::{BatchNorm, Conv2d, Conv2dOptions, Linear, StepContext, add_relu, global_mean, max_pool2d};

use super::image::{Image, LARGE};
use super::initial::{convolution, fan_out_normal};
use super::{Alias, Model, ModelConfig, ModelEntry, ModelShape, Preset};

const NAME: &str = "ResNet";

pub(super) const ENTRY: ModelEntry =
    ModelEntry::new::<ResNetConfig>(NAME, "residual network for images of any size, with torchvision's names")
        .with_aliases(&[
            alias("resnet18", &[("depth", Preset::Number(18))]),
            alias("resnet34", &[("depth", Preset::Number(34))]),
            alias("resnet50", &[("depth", Preset::Number(50))]),
            alias("resnet101", &[("depth", Preset::Number(101))]),
            alias("resnet20", &[("depth", Preset::Number(20))]),
            alias("resnet32", &[("depth", Preset::Number(32))]),
            alias("resnet56", &[("depth", Preset::Number(56))]),
        ]);

const fn alias(name: &'static str, sets: &'static [(&'static str, Preset)]) -> Alias {
    Alias { name, sets }
}

choice! {
    /// What a network of images begins with.
    pub enum Stem {
        /// `imagenet` for images of 64 pixels or more, else `cifar`.
        Auto = "auto",
        /// Quarters the image at once: made for images of 224 pixels.
        Imagenet = "imagenet",
        /// Keeps the size of the image: made for images of 32 pixels.
        Cifar = "cifar",
    }
}

section! {
    /// Parameters of the residual network.
    pub struct ResNetConfig, check = check_depth {
        /// Layers with weights: 18, 34, 50 or 101 as in torchvision, or 20, 32 or 56 as for CIFAR.
        trajectory depth: usize = 18, 1..=1_000;
        /// What it begins with: a 7x7 convolution with stride 2 and max-pooling, or a 3x3 convolution.
        trajectory stem: Stem = Stem::Auto;
        /// Channels of the first stage; by default 64, or 16 for the depths made for CIFAR.
        trajectory width: Option<usize> = None, 1..=4_096;
    }
}

fn check_depth(config: &ResNetConfig, node: &Node, path: &JsonPath, problems: &mut Problems) {
    if Plan::of(config.depth).is_none() {
        let span = node.get("depth").map_or(&node.span, |value| &value.span);
        problems
            .error(span, format!("there is no ResNet of depth {}", config.depth))
            .at(&path.key("depth"))
            .expected("18, 34, 50, 101, 20, 32 or 56");
    }
}

/// How the blocks of one depth are arranged.
#[derive(Debug, Clone, Copy)]
struct Plan {
    blocks: &'static [usize],
    bottleneck: bool,
    width: usize,
}

impl Plan {
    fn of(depth: usize) -> Option<Self> {
        let (blocks, bottleneck, width): (&[usize], bool, usize) = match depth {
            18 => (&[2, 2, 2, 2], false, 64),
            34 => (&[3, 4, 6, 3], false, 64),
            50 => (&[3, 4, 6, 3], true, 64),
            101 => (&[3, 4, 23, 3], true, 64),
            20 => (&[3, 3, 3], false, 16),
            32 => (&[5, 5, 5], false, 16),
            56 => (&[9, 9, 9], false, 16),
            _ => return None,
        };
        Some(Self { blocks, bottleneck, width })
    }

    /// Channels that a block of this width puts out.
    const fn outputs(&self, width: usize) -> usize {
        if self.bottleneck { 4 * width } else { width }
    }
}

/// `conv1`, `bn1`, stages `layer1`, `layer2`, ... of residual blocks, the mean over each channel, and `fc`.
///
/// A block has `conv1`, `bn1`, `conv2`, `bn2` (and `conv3`, `bn3` from depth 50 on), and where its shape changes a
/// projection `downsample.0`, `downsample.1`.
#[derive(Debug)]
pub struct ResNet {
    conv1: Conv2d,
    bn1: BatchNorm,
    pooled: bool,
    blocks: Vec<Block>,
    fc: Linear,
}

impl ResNetConfig {
    /// Whether the network begins with a 7x7 convolution and max-pooling.
    fn has_large_stem(&self, image: Image, plan: Plan) -> bool {
        match self.stem {
            Stem::Auto => image.side() >= LARGE && plan.blocks.len() == 4,
            Stem::Imagenet => true,
            Stem::Cifar => false,
        }
    }
}

impl ModelConfig for ResNetConfig {
    fn to_json(&self) -> Value {
        Section::to_json(self)
    }

    fn check(&self, shape: &ModelShape) -> std::result::Result<(), String> {
        Image::of(shape, NAME).map(|_| ())
    }

    fn build(&self, shape: &ModelShape, builder: VarBuilder<'_>) -> Result<Box<dyn Model>> {
        let image = Image::of(shape, NAME).map_err(candle_core::Error::Msg)?;
        let Some(plan) = Plan::of(self.depth) else { candle_core::bail!("there is no ResNet of depth {}", self.depth) };
        let width = self.width.unwrap_or(plan.width);
        let pooled = self.has_large_stem(image, plan);
        let (kernel, stride) = if pooled { (7, 2) } else { (3, 1) };
        let conv1 = plain([image.channels, width], kernel, stride, &builder.pp("conv1"))?;
        let bn1 = BatchNorm::new(width, &builder.pp("bn1"))?;
        let (mut blocks, mut channels) = (Vec::new(), width);
        for (stage, count) in plan.blocks.iter().enumerate() {
            let (builder, width) = (builder.pp(format!("layer{}", stage + 1)), width << stage);
            for index in 0..*count {
                let stride = if index == 0 && stage > 0 { 2 } else { 1 };
                blocks.push(Block::new(plan, [channels, width], stride, &builder.pp(index))?);
                channels = plan.outputs(width);
            }
        }
        let fc = Linear::new(channels, shape.outputs, &builder.pp("fc"))?;
        Ok(Box::new(ResNet { conv1, bn1, pooled, blocks, fc }))
    }
}

impl Model for ResNet {
    fn forward(&self, input: &Tensor, context: &StepContext) -> Result<Tensor> {
        let mut x = self.bn1.forward_relu(&self.conv1.forward(input, context)?, context)?;
        if self.pooled {
            x = max_pool2d(&x, 3, 2, 1)?;
        }
        for block in &self.blocks {
            x = block.forward(&x, context)?;
        }
        self.fc.forward(&global_mean(&x)?, context)
    }
}

/// Convolutions with a shortcut around them.
#[derive(Debug)]
struct Block {
    layers: Vec<(Conv2d, BatchNorm)>,
    shortcut: Option<(Conv2d, BatchNorm)>,
}

impl Block {
    fn new(plan: Plan, [inputs, width]: [usize; 2], stride: usize, builder: &VarBuilder<'_>) -> Result<Self> {
        let outputs = plan.outputs(width);
        // The stride of a bottleneck is that of its 3x3 convolution, as in torchvision.
        let shapes: &[([usize; 2], usize, usize)] = if plan.bottleneck {
            &[([inputs, width], 1, 1), ([width, width], 3, stride), ([width, outputs], 1, 1)]
        } else {
            &[([inputs, width], 3, stride), ([width, outputs], 3, 1)]
        };
        let mut layers = Vec::with_capacity(shapes.len());
        for (index, (channels, kernel, stride)) in shapes.iter().enumerate() {
            let convolution = plain(*channels, *kernel, *stride, &builder.pp(format!("conv{}", index + 1)))?;
            layers.push((convolution, BatchNorm::new(channels[1], &builder.pp(format!("bn{}", index + 1)))?));
        }
        let shortcut = if stride != 1 || inputs != outputs {
            let builder = builder.pp("downsample");
            let projection = plain([inputs, outputs], 1, stride, &builder.pp(0))?;
            Some((projection, BatchNorm::new(outputs, &builder.pp(1))?))
        } else {
            None
        };
        Ok(Self { layers, shortcut })
    }

    fn forward(&self, input: &Tensor, context: &StepContext) -> Result<Tensor> {
        let mut x = input.clone();
        for (index, (convolution, norm)) in self.layers.iter().enumerate() {
            let convolved = convolution.forward(&x, context)?;
            let last = index + 1 == self.layers.len();
            x = if last { norm.forward(&convolved, context)? } else { norm.forward_relu(&convolved, context)? };
        }
        match &self.shortcut {
            Some((projection, norm)) => add_relu(&x, &norm.forward(&projection.forward(input, context)?, context)?),
            None => add_relu(&x, input),
        }
    }
}

/// A convolution without bias that keeps the size of the image but for its stride.
fn plain(channels: [usize; 2], kernel: usize, stride: usize, builder: &VarBuilder<'_>) -> Result<Conv2d> {
    let options = Conv2dOptions { stride, padding: kernel / 2, ..Conv2dOptions::default() };
    convolution(channels, kernel, options, (fan_out_normal(channels[1], kernel), None), builder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::count_parameters;

    fn parameters(depth: usize, sample: [usize; 3], outputs: usize) -> usize {
        let shape = ModelShape { sample: sample.to_vec(), vocabulary: None, outputs, each_position: false };
        count_parameters(&ResNetConfig { depth, ..ResNetConfig::default() }, &shape).unwrap()
    }

    /// Parameters and buffers: `sum(t.numel() for t in torchvision.models.resnet18().state_dict().values())`.
    #[test]
    fn as_many_parameters_as_torchvision() {
        let image = [3, 224, 224];
        assert_eq!(parameters(18, image, 1_000), 11_699_132);
        assert_eq!(parameters(34, image, 1_000), 21_814_732);
        assert_eq!(parameters(50, image, 1_000), 25_610_205);
        assert_eq!(parameters(101, image, 1_000), 44_654_608);
    }

    #[test]
    fn any_image_has_a_network() {
        for sample in [[1, 1, 1], [1, 8, 8], [3, 28, 28], [4, 31, 65], [1, 300, 200]] {
            parameters(20, sample, 2);
            parameters(18, sample, 2);
        }
    }
}
