//! A small convolutional network for 1x28x28 images, batch 64.

use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;
use steadfast_ops::{Conv2d, Conv2dOptions, Linear, StepContext, cross_entropy, flatten_from, max_pool2d, relu};

use crate::{Workload, random, random_ids};

pub(crate) struct Cnn {
    convolutions: [Conv2d; 2],
    layers: [Linear; 2],
    images: Tensor,
    classes: Tensor,
}

impl Cnn {
    pub(crate) fn new(builder: &VarBuilder<'_>) -> Result<Self> {
        let padded = Conv2dOptions { padding: 1, ..Conv2dOptions::default() };
        Ok(Self {
            convolutions: [
                Conv2d::new([1, 32], 3, padded, &builder.pp("conv1"))?,
                Conv2d::new([32, 64], 3, padded, &builder.pp("conv2"))?,
            ],
            layers: [Linear::new(3136, 128, &builder.pp("fc1"))?, Linear::new(128, 10, &builder.pp("fc2"))?],
            images: random("images", &[64, 1, 28, 28])?,
            classes: random_ids("classes", &[64], 10)?,
        })
    }
}

impl Workload for Cnn {
    fn batch(&self) -> usize {
        64
    }

    fn loss(&self, context: &StepContext) -> Result<Tensor> {
        let mut x = self.images.clone();
        for convolution in &self.convolutions {
            x = max_pool2d(&relu(&convolution.forward(&x, context)?)?, 2, 2, 0)?;
        }
        let [first, second] = &self.layers;
        let x = relu(&first.forward(&flatten_from(&x, 1)?, context)?)?;
        cross_entropy(&second.forward(&x, context)?, &self.classes, 0.0)
    }
}
