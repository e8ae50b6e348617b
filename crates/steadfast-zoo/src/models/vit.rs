//! Vision transformers: Dosovitskiy et al., "An Image is Worth 16x16 Words", 2020.

use candle_core::{Result, Tensor};
use candle_nn::{Init, VarBuilder};
use serde_json::Value;
use steadfast_config::{JsonPath, Node, Problems, Section, section};
use steadfast_ops::{
    Conv2d, Conv2dOptions, Dropout, Linear, StepContext, add, channels_last, gelu, layer_norm, linear,
    prepend_position, self_attention, take_position,
};

use super::image::{Image, LARGE};
use super::initial::{self, ZEROS, convolution, normal, xavier_uniform};
use super::{Alias, Model, ModelConfig, ModelEntry, ModelShape, Preset};

const NAME: &str = "ViT";

pub(super) const ENTRY: ModelEntry =
    ModelEntry::new::<VitConfig>(NAME, "vision transformer for images of any size, with torchvision's names")
        .with_aliases(&[Alias {
            name: "vit_b_16",
            sets: &[
                ("patch", Preset::Number(16)),
                ("layers", Preset::Number(12)),
                ("heads", Preset::Number(12)),
                ("width", Preset::Number(768)),
                ("hidden", Preset::Number(3_072)),
            ],
        }]);

/// What torchvision's vision transformers add to the variance.
const EPSILON: f64 = 1e-6;

/// Patches along the longer side that the default size of a patch allows.
const PATCHES: usize = 8;
/// The same for large images.
const PATCHES_OF_LARGE: usize = 16;

section! {
    /// Parameters of the vision transformer.
    pub struct VitConfig, check = check_heads {
        /// Side of a patch in pixels; by default the smallest that divides the image into at most 8x8 patches, or
        /// 16x16 patches from 64 pixels on.
        trajectory patch: Option<usize> = None, 1..=4_096;
        /// Blocks of attention and linear layers.
        trajectory layers: usize = 6, 1..=1_000;
        /// Attention heads of each block; they divide the width among themselves.
        trajectory heads: usize = 4, 1..=1_024;
        /// Numbers per patch.
        trajectory width: usize = 128, 1..=65_536;
        /// Width of the inner linear layer of each block; by default four times the width.
        trajectory hidden: Option<usize> = None, 1..=262_144;
        /// Share of the embeddings and of each block's results that is dropped while training.
        trajectory dropout: f64 = 0.0, 0.0..1.0;
    }
}

fn check_heads(config: &VitConfig, node: &Node, path: &JsonPath, problems: &mut Problems) {
    if !config.width.is_multiple_of(config.heads) {
        let span = node.get("heads").map_or(&node.span, |value| &value.span);
        problems
            .error(span, format!("{} heads do not divide a width of {}", config.heads, config.width))
            .at(&path.key("heads"))
            .expected("a divisor of `width`");
    }
}

/// `conv_proj`, `class_token`, `encoder.pos_embedding`, blocks `encoder.layers.encoder_layer_0`, ..., `encoder.ln` and
/// `heads.head`: torchvision's `VisionTransformer`. Attention weights are not dropped.
#[derive(Debug)]
pub struct Vit {
    projection: Conv2d,
    class_token: Tensor,
    positions: Tensor,
    dropout: Dropout,
    blocks: Vec<Block>,
    norm: Norm,
    head: Linear,
}

impl VitConfig {
    /// The side of a patch, or the reason why there is none.
    fn patch(&self, image: Image) -> std::result::Result<usize, String> {
        let Image { height, width, .. } = image;
        let divides = |patch: usize| height % patch == 0 && width % patch == 0;
        match self.patch {
            Some(patch) if divides(patch) => Ok(patch),
            Some(patch) => Err(format!("patches of {patch} pixels do not divide images of {height}x{width}")),
            None => {
                let most = if image.side() >= LARGE { PATCHES_OF_LARGE } else { PATCHES };
                let longer = height.max(width);
                let found = (longer.div_ceil(most)..=image.side()).find(|patch| divides(*patch));
                found.ok_or_else(|| {
                    format!(
                        "no patch divides images of {height}x{width} into at most {most}x{most} parts: set `patch`, \
                         or give the images another size"
                    )
                })
            }
        }
    }
}

impl ModelConfig for VitConfig {
    fn to_json(&self) -> Value {
        Section::to_json(self)
    }

    fn check(&self, shape: &ModelShape) -> std::result::Result<(), String> {
        self.patch(Image::of(shape, NAME)?).map(|_| ())
    }

    fn build(&self, shape: &ModelShape, builder: VarBuilder<'_>) -> Result<Box<dyn Model>> {
        let image = Image::of(shape, NAME).map_err(candle_core::Error::Msg)?;
        let patch = self.patch(image).map_err(candle_core::Error::Msg)?;
        let (width, patches) = (self.width, (image.height / patch) * (image.width / patch));
        let options = Conv2dOptions { stride: patch, ..Conv2dOptions::default() };
        let fan_in = (image.channels * patch * patch) as f64;
        // torchvision cuts this distribution at two, which is beyond every number that it yields.
        let first = (normal((1.0 / fan_in).sqrt()), Some(ZEROS));
        let projection = convolution([image.channels, width], patch, options, first, &builder.pp("conv_proj"))?;
        let class_token = builder.get_with_hints((1, 1, width), "class_token", ZEROS)?;
        let encoder = builder.pp("encoder");
        let positions = encoder.get_with_hints((1, patches + 1, width), "pos_embedding", normal(0.02))?;
        let dropout = Dropout::new(self.dropout, &encoder.pp("dropout"))?;
        let layers = encoder.pp("layers");
        let blocks = (0..self.layers).map(|layer| Block::new(self, &layers.pp(format!("encoder_layer_{layer}"))));
        let blocks = blocks.collect::<Result<Vec<_>>>()?;
        let norm = Norm::new(width, &encoder.pp("ln"))?;
        let head = initial::linear([width, shape.outputs], (ZEROS, ZEROS), &builder.pp("heads.head"))?;
        Ok(Box::new(Vit { projection, class_token, positions, dropout, blocks, norm, head }))
    }
}

impl Model for Vit {
    fn forward(&self, input: &Tensor, context: &StepContext) -> Result<Tensor> {
        let patches = channels_last(&self.projection.forward(input, context)?)?;
        let x = prepend_position(&self.class_token, &patches)?;
        let positions = steadfast_ops::reshape(&self.positions, &self.positions.dims()[1..])?;
        let mut x = self.dropout.forward(&add(&x, &positions)?, context)?;
        for block in &self.blocks {
            x = block.forward(&x, context)?;
        }
        // Positions do not see each other in the last norm, so only the one that is used needs it.
        self.head.forward(&self.norm.forward(&take_position(&x, 0)?)?, context)
    }
}

/// Attention and two linear layers, each after a norm and with a shortcut around it.
#[derive(Debug)]
struct Block {
    heads: usize,
    ln_1: Norm,
    in_proj: (Tensor, Tensor),
    out_proj: Linear,
    attention_dropout: Dropout,
    ln_2: Norm,
    up: Linear,
    inner_dropout: Dropout,
    down: Linear,
    dropout: Dropout,
}

impl Block {
    fn new(config: &VitConfig, builder: &VarBuilder<'_>) -> Result<Self> {
        let width = config.width;
        let hidden = config.hidden.unwrap_or(4 * width);
        let attention = builder.pp("self_attention");
        let in_weight =
            attention.get_with_hints((3 * width, width), "in_proj_weight", xavier_uniform(width, 3 * width))?;
        let in_bias = attention.get_with_hints(3 * width, "in_proj_bias", ZEROS)?;
        let fan_in = initial::within(1.0 / (width as f64).sqrt());
        let xavier = (xavier_uniform(width, hidden), normal(1e-6));
        Ok(Self {
            heads: config.heads,
            ln_1: Norm::new(width, &builder.pp("ln_1"))?,
            in_proj: (in_weight, in_bias),
            out_proj: initial::linear([width, width], (fan_in, ZEROS), &attention.pp("out_proj"))?,
            attention_dropout: Dropout::new(config.dropout, &builder.pp("dropout"))?,
            ln_2: Norm::new(width, &builder.pp("ln_2"))?,
            up: initial::linear([width, hidden], xavier, &builder.pp("mlp.0"))?,
            inner_dropout: Dropout::new(config.dropout, &builder.pp("mlp.2"))?,
            down: initial::linear([hidden, width], xavier, &builder.pp("mlp.3"))?,
            dropout: Dropout::new(config.dropout, &builder.pp("mlp.4"))?,
        })
    }

    fn forward(&self, x: &Tensor, context: &StepContext) -> Result<Tensor> {
        let projected = linear(&self.ln_1.forward(x)?, &self.in_proj.0, Some(&self.in_proj.1))?;
        let attended = self.out_proj.forward(&self_attention(&projected, self.heads, false)?, context)?;
        let x = add(x, &self.attention_dropout.forward(&attended, context)?)?;
        let hidden = gelu(&self.up.forward(&self.ln_2.forward(&x)?, context)?)?;
        let hidden = self.inner_dropout.forward(&hidden, context)?;
        add(&x, &self.dropout.forward(&self.down.forward(&hidden, context)?, context)?)
    }
}

/// A layer norm with torchvision's epsilon.
#[derive(Debug)]
struct Norm {
    weight: Tensor,
    bias: Tensor,
}

impl Norm {
    fn new(width: usize, builder: &VarBuilder<'_>) -> Result<Self> {
        let weight = builder.get_with_hints(width, "weight", Init::Const(1.0))?;
        Ok(Self { weight, bias: builder.get_with_hints(width, "bias", ZEROS)? })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        layer_norm(x, &self.weight, &self.bias, EPSILON)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::count_parameters;

    fn shape(sample: &[usize], outputs: usize) -> ModelShape {
        ModelShape { sample: sample.to_vec(), vocabulary: None, outputs, each_position: false }
    }

    #[test]
    fn as_many_parameters_as_torchvision() {
        let config = VitConfig {
            patch: Some(16),
            layers: 12,
            heads: 12,
            width: 768,
            hidden: Some(3_072),
            ..VitConfig::default()
        };
        assert_eq!(count_parameters(&config, &shape(&[3, 224, 224], 1_000)), Ok(86_567_656));
    }

    #[test]
    fn patches_fit_the_image() {
        let patch = |height, width| VitConfig::default().patch(Image { channels: 1, height, width });
        for (side, expected) in [(1, 1), (8, 1), (28, 4), (32, 4), (64, 4), (224, 14)] {
            assert_eq!(patch(side, side), Ok(expected), "{side}");
        }
        assert_eq!(patch(24, 48), Ok(6));
        assert!(patch(31, 37).unwrap_err().contains("31x37"));
        let config = VitConfig { patch: Some(5), ..VitConfig::default() };
        assert_eq!(config.check(&shape(&[1, 8, 8], 2)).unwrap_err(), "patches of 5 pixels do not divide images of 8x8");
    }
}
