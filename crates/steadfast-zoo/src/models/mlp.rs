//! A multi-layer perceptron: linear layers with ReLU and dropout between them.

use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;
use serde_json::Value;
use steadfast_config::{Section, section};
use steadfast_ops::{Dropout, Linear, StepContext, relu};

use super::{Model, ModelConfig, ModelEntry, ModelShape};

pub(super) const ENTRY: ModelEntry =
    ModelEntry::new::<MlpConfig>("MLP", "multi-layer perceptron: linear layers with ReLU between them");

section! {
    /// Parameters of the multi-layer perceptron.
    pub struct MlpConfig {
        /// Width of each hidden layer, from input to output.
        trajectory hidden: Vec<usize> = vec![512, 256], 1..=1_048_576;
        /// Share of the hidden activations that is dropped while training.
        trajectory dropout: f64 = 0.0, 0.0..1.0;
    }
}

/// Linear layers `fc1`, `fc2`, ... with ReLU and dropout after each but the last.
#[derive(Debug)]
pub struct Mlp {
    layers: Vec<Linear>,
    dropouts: Vec<Dropout>,
}

impl ModelConfig for MlpConfig {
    fn to_json(&self) -> Value {
        Section::to_json(self)
    }

    fn check(&self, shape: &ModelShape) -> std::result::Result<(), String> {
        match shape.vocabulary {
            None => Ok(()),
            Some(_) => Err("an MLP takes numbers, but the samples here are tokens".to_owned()),
        }
    }

    fn build(&self, shape: &ModelShape, builder: VarBuilder<'_>) -> Result<Box<dyn Model>> {
        let mut inputs = shape.features();
        let (mut layers, mut dropouts) = (Vec::new(), Vec::new());
        for (index, width) in self.hidden.iter().chain([&shape.outputs]).enumerate() {
            layers.push(Linear::new(inputs, *width, &builder.pp(format!("fc{}", index + 1)))?);
            inputs = *width;
        }
        for index in 1..layers.len() {
            dropouts.push(Dropout::new(self.dropout, &builder.pp(format!("dropout{index}")))?);
        }
        Ok(Box::new(Mlp { layers, dropouts }))
    }
}

impl Model for Mlp {
    fn forward(&self, input: &Tensor, context: &StepContext) -> Result<Tensor> {
        let mut activations = input.flatten_from(1)?;
        for (index, layer) in self.layers.iter().enumerate() {
            activations = layer.forward(&activations, context)?;
            if let Some(dropout) = self.dropouts.get(index) {
                activations = dropout.forward(&relu(&activations)?, context)?;
            }
        }
        Ok(activations)
    }
}
