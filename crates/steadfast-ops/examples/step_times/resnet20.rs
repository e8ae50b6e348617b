//! A residual network of 20 layers for 3x32x32 images, batch 64.

use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;
use steadfast_ops::{BatchNorm, Conv2d, Conv2dOptions, Linear, StepContext, add_relu, cross_entropy, global_mean};

use crate::{Workload, random, random_ids};

struct Normalized {
    convolution: Conv2d,
    norm: BatchNorm,
}

impl Normalized {
    fn new(
        channels: [usize; 2],
        kernel: usize,
        stride: usize,
        (convolution, norm, builder): (&str, &str, &VarBuilder<'_>),
    ) -> Result<Self> {
        let options = Conv2dOptions { stride, padding: kernel / 2, ..Conv2dOptions::default() };
        Ok(Self {
            convolution: Conv2d::without_bias(channels, kernel, options, &builder.pp(convolution))?,
            norm: BatchNorm::new(channels[1], &builder.pp(norm))?,
        })
    }

    fn forward(&self, x: &Tensor, context: &StepContext) -> Result<Tensor> {
        self.norm.forward(&self.convolution.forward(x, context)?, context)
    }

    fn forward_relu(&self, x: &Tensor, context: &StepContext) -> Result<Tensor> {
        self.norm.forward_relu(&self.convolution.forward(x, context)?, context)
    }
}

struct Block {
    first: Normalized,
    second: Normalized,
    downsample: Option<Normalized>,
}

impl Block {
    fn new([inputs, outputs]: [usize; 2], stride: usize, builder: &VarBuilder<'_>) -> Result<Self> {
        let projects = stride != 1 || inputs != outputs;
        let project = || Normalized::new([inputs, outputs], 1, stride, ("downsample.0", "downsample.1", builder));
        Ok(Self {
            first: Normalized::new([inputs, outputs], 3, stride, ("conv1", "bn1", builder))?,
            second: Normalized::new([outputs, outputs], 3, 1, ("conv2", "bn2", builder))?,
            downsample: projects.then(project).transpose()?,
        })
    }

    fn forward(&self, x: &Tensor, context: &StepContext) -> Result<Tensor> {
        let y = self.second.forward(&self.first.forward_relu(x, context)?, context)?;
        let shortcut = match &self.downsample {
            Some(downsample) => downsample.forward(x, context)?,
            None => x.clone(),
        };
        add_relu(&y, &shortcut)
    }
}

pub(crate) struct ResNet20 {
    stem: Normalized,
    blocks: Vec<Block>,
    head: Linear,
    images: Tensor,
    classes: Tensor,
}

impl ResNet20 {
    pub(crate) fn new(builder: &VarBuilder<'_>) -> Result<Self> {
        let mut blocks = Vec::new();
        let mut inputs = 16;
        for (stage, (outputs, stride)) in [(16, 1), (32, 2), (64, 2)].into_iter().enumerate() {
            for index in 0..3 {
                let name = format!("layer{}.{index}", stage + 1);
                blocks.push(Block::new([inputs, outputs], if index == 0 { stride } else { 1 }, &builder.pp(name))?);
                inputs = outputs;
            }
        }
        Ok(Self {
            stem: Normalized::new([3, 16], 3, 1, ("conv1", "bn1", builder))?,
            blocks,
            head: Linear::new(64, 10, &builder.pp("fc"))?,
            images: random("images", &[64, 3, 32, 32])?,
            classes: random_ids("classes", &[64], 10)?,
        })
    }
}

impl Workload for ResNet20 {
    fn batch(&self) -> usize {
        64
    }

    fn loss(&self, context: &StepContext) -> Result<Tensor> {
        let mut x = self.stem.forward_relu(&self.images, context)?;
        for block in &self.blocks {
            x = block.forward(&x, context)?;
        }
        cross_entropy(&self.head.forward(&global_mean(&x)?, context)?, &self.classes, 0.0)
    }
}
