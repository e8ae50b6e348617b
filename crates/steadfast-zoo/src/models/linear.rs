//! One linear map from the flattened sample to the outputs: softmax regression or linear regression.

use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;
use serde_json::Value;
use steadfast_config::{Section, section};
use steadfast_ops::{Linear, StepContext};

use super::{Model, ModelConfig, ModelEntry, ModelShape};

pub(super) const ENTRY: ModelEntry =
    ModelEntry::new::<LinearConfig>("Linear", "one linear map: softmax regression or linear regression");

section! {
    /// Parameters of the linear model.
    pub struct LinearConfig {
        /// Whether the map has an offset.
        trajectory bias: bool = true;
    }
}

/// `y = W x + b` on flattened samples. Parameters: `fc.weight` `[outputs, features]`, `fc.bias` `[outputs]`.
#[derive(Debug)]
pub struct LinearModel {
    fc: Linear,
}

impl ModelConfig for LinearConfig {
    fn to_json(&self) -> Value {
        Section::to_json(self)
    }

    fn check(&self, shape: &ModelShape) -> std::result::Result<(), String> {
        match shape.vocabulary {
            None => Ok(()),
            Some(_) => Err("a linear map takes numbers, but the samples here are tokens".to_owned()),
        }
    }

    fn build(&self, shape: &ModelShape, builder: VarBuilder<'_>) -> Result<Box<dyn Model>> {
        let make = if self.bias { Linear::new } else { Linear::without_bias };
        let fc = make(shape.features(), shape.outputs, &builder.pp("fc"))?;
        Ok(Box::new(LinearModel { fc }))
    }
}

impl Model for LinearModel {
    fn forward(&self, input: &Tensor, context: &StepContext) -> Result<Tensor> {
        self.fc.forward(&input.flatten_from(1)?, context)
    }
}
