//! VGG: Simonyan, Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", 2014.

use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;
use serde_json::Value;
use steadfast_config::{JsonPath, Node, Problems, Section, section};
use steadfast_ops::{
    BatchNorm, Conv2d, Conv2dOptions, Dropout, Linear, StepContext, adaptive_avg_pool2d, flatten_from, max_pool2d, relu,
};

use super::image::{Image, LARGE};
use super::initial::{self, ZEROS, convolution, fan_out_normal, normal};
use super::{Alias, Model, ModelConfig, ModelEntry, ModelShape, Preset};

const NAME: &str = "VGG";

pub(super) const ENTRY: ModelEntry =
    ModelEntry::new::<VggConfig>(NAME, "VGG for images of any size, with torchvision's names").with_aliases(&[
        alias("vgg11", &[("depth", Preset::Number(11)), ("batch_norm", Preset::Flag(false))]),
        alias("vgg13", &[("depth", Preset::Number(13)), ("batch_norm", Preset::Flag(false))]),
        alias("vgg16", &[("depth", Preset::Number(16)), ("batch_norm", Preset::Flag(false))]),
        alias("vgg19", &[("depth", Preset::Number(19)), ("batch_norm", Preset::Flag(false))]),
        alias("vgg11_bn", &[("depth", Preset::Number(11)), ("batch_norm", Preset::Flag(true))]),
        alias("vgg13_bn", &[("depth", Preset::Number(13)), ("batch_norm", Preset::Flag(true))]),
        alias("vgg16_bn", &[("depth", Preset::Number(16)), ("batch_norm", Preset::Flag(true))]),
        alias("vgg19_bn", &[("depth", Preset::Number(19)), ("batch_norm", Preset::Flag(true))]),
    ]);

const fn alias(name: &'static str, sets: &'static [(&'static str, Preset)]) -> Alias {
    Alias { name, sets }
}

/// The grid that the linear layers of torchvision's networks look at.
const GRID: usize = 7;

section! {
    /// Parameters of the VGG network.
    pub struct VggConfig, check = check_depth {
        /// Layers with weights: 11, 13, 16 or 19.
        trajectory depth: usize = 11, 1..=1_000;
        /// Whether each convolution is followed by a batch norm.
        trajectory batch_norm: bool = true;
        /// Channels of the first stage; the others have two, four and eight times as many.
        trajectory width: usize = 64, 1..=4_096;
        /// Width of the two hidden linear layers; by default 4096 for images of 64 pixels or more, else 512.
        trajectory hidden: Option<usize> = None, 1..=65_536;
        /// Share of the hidden activations that is dropped while training.
        trajectory dropout: f64 = 0.5, 0.0..1.0;
    }
}

fn check_depth(config: &VggConfig, node: &Node, path: &JsonPath, problems: &mut Problems) {
    if stages(config.depth).is_none() {
        let span = node.get("depth").map_or(&node.span, |value| &value.span);
        problems
            .error(span, format!("there is no VGG of depth {}", config.depth))
            .at(&path.key("depth"))
            .expected("11, 13, 16 or 19");
    }
}

/// Convolutions in each stage of a network of this depth.
const fn stages(depth: usize) -> Option<[usize; 5]> {
    match depth {
        11 => Some([1, 1, 2, 2, 2]),
        13 => Some([2, 2, 2, 2, 2]),
        16 => Some([2, 2, 3, 3, 3]),
        19 => Some([2, 2, 4, 4, 4]),
        _ => None,
    }
}

/// `features.0`, ...: 3x3 convolutions in five stages with max-pooling after each; then `classifier.0`, `.3` and `.6`.
///
/// The linear layers see a grid of 7x7 means, or the whole image where less is left of it. Once a side is down to one
/// pixel, later poolings are left out, so that images of any size can be used.
#[derive(Debug)]
pub struct Vgg {
    features: Vec<Feature>,
    grid: [usize; 2],
    classifier: Vec<Linear>,
    dropouts: Vec<Dropout>,
}

#[derive(Debug)]
enum Feature {
    Convolution(Conv2d, Option<BatchNorm>),
    Pool,
}

impl ModelConfig for VggConfig {
    fn to_json(&self) -> Value {
        Section::to_json(self)
    }

    fn check(&self, shape: &ModelShape) -> std::result::Result<(), String> {
        Image::of(shape, NAME).map(|_| ())
    }

    fn build(&self, shape: &ModelShape, builder: VarBuilder<'_>) -> Result<Box<dyn Model>> {
        let image = Image::of(shape, NAME).map_err(candle_core::Error::Msg)?;
        let Some(stages) = stages(self.depth) else { candle_core::bail!("there is no VGG of depth {}", self.depth) };
        let Image { mut channels, mut height, mut width } = image;
        let (mut features, mut index) = (Vec::new(), 0);
        for (stage, count) in stages.into_iter().enumerate() {
            // The last stage is no wider than the one before.
            let outputs = self.width << stage.min(3);
            for _ in 0..count {
                let options = Conv2dOptions { padding: 1, ..Conv2dOptions::default() };
                let first = (fan_out_normal(outputs, 3), Some(ZEROS));
                let builder = builder.pp("features");
                let layer = convolution([channels, outputs], 3, options, first, &builder.pp(index))?;
                let norm = self.batch_norm.then(|| BatchNorm::new(outputs, &builder.pp(index + 1))).transpose()?;
                features.push(Feature::Convolution(layer, norm));
                // In torchvision's list a convolution, its norm and its ReLU have a number each, and so has a pooling.
                index += if self.batch_norm { 3 } else { 2 };
                channels = outputs;
            }
            if height.min(width) > 1 {
                features.push(Feature::Pool);
                (height, width) = (height / 2, width / 2);
            }
            index += 1;
        }
        let grid = [height.min(GRID), width.min(GRID)];
        let hidden = self.hidden.unwrap_or(if image.side() >= LARGE { 4_096 } else { 512 });
        let (mut classifier, mut dropouts, mut inputs) = (Vec::new(), Vec::new(), channels * grid[0] * grid[1]);
        let builder = builder.pp("classifier");
        for (index, outputs) in [(0, hidden), (3, hidden), (6, shape.outputs)] {
            classifier.push(initial::linear([inputs, outputs], (normal(0.01), ZEROS), &builder.pp(index))?);
            inputs = outputs;
        }
        for index in [2, 5] {
            dropouts.push(Dropout::new(self.dropout, &builder.pp(index))?);
        }
        Ok(Box::new(Vgg { features, grid, classifier, dropouts }))
    }
}

impl Model for Vgg {
    fn forward(&self, input: &Tensor, context: &StepContext) -> Result<Tensor> {
        let mut x = input.clone();
        for feature in &self.features {
            x = match feature {
                Feature::Pool => max_pool2d(&x, 2, 2, 0)?,
                Feature::Convolution(layer, None) => relu(&layer.forward(&x, context)?)?,
                Feature::Convolution(layer, Some(norm)) => norm.forward_relu(&layer.forward(&x, context)?, context)?,
            };
        }
        if x.dims()[2..] != self.grid {
            x = adaptive_avg_pool2d(&x, self.grid)?;
        }
        x = flatten_from(&x, 1)?;
        for (index, layer) in self.classifier.iter().enumerate() {
            x = layer.forward(&x, context)?;
            if let Some(dropout) = self.dropouts.get(index) {
                x = dropout.forward(&relu(&x)?, context)?;
            }
        }
        Ok(x)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::count_parameters;

    fn parameters(config: &VggConfig, sample: [usize; 3]) -> usize {
        let shape = ModelShape { sample: sample.to_vec(), vocabulary: None, outputs: 1_000, each_position: false };
        count_parameters(config, &shape).unwrap()
    }

    /// Parameters and buffers: `sum(t.numel() for t in torchvision.models.vgg11().state_dict().values())`.
    #[test]
    fn as_many_parameters_as_torchvision() {
        let plain = VggConfig { batch_norm: false, ..VggConfig::default() };
        assert_eq!(parameters(&plain, [3, 224, 224]), 132_863_336);
        let normalized = VggConfig { depth: 16, ..VggConfig::default() };
        assert_eq!(parameters(&normalized, [3, 256, 224]), 138_374_453);
    }

    #[test]
    fn any_image_has_a_network() {
        for sample in [[1, 1, 1], [1, 8, 8], [3, 28, 28], [4, 31, 65]] {
            assert!(parameters(&VggConfig::default(), sample) < 40_000_000);
        }
    }
}
