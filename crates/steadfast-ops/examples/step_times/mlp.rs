//! A multi-layer perceptron: 784-512-256-10 with ReLU, batch 128.

use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;
use steadfast_ops::{Linear, StepContext, cross_entropy, relu};

use crate::{Workload, random, random_ids};

pub(crate) struct Mlp {
    layers: [Linear; 3],
    images: Tensor,
    classes: Tensor,
}

impl Mlp {
    pub(crate) fn new(builder: &VarBuilder<'_>) -> Result<Self> {
        Ok(Self {
            layers: [
                Linear::new(784, 512, &builder.pp("fc1"))?,
                Linear::new(512, 256, &builder.pp("fc2"))?,
                Linear::new(256, 10, &builder.pp("fc3"))?,
            ],
            images: random("images", &[128, 784])?,
            classes: random_ids("classes", &[128], 10)?,
        })
    }
}

impl Workload for Mlp {
    fn batch(&self) -> usize {
        128
    }

    fn loss(&self, context: &StepContext) -> Result<Tensor> {
        let [first, second, third] = &self.layers;
        let x = relu(&first.forward(&self.images, context)?)?;
        let x = relu(&second.forward(&x, context)?)?;
        cross_entropy(&third.forward(&x, context)?, &self.classes, 0.0)
    }
}
