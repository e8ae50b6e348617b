//! An autoencoder: linear layers that narrow to a few numbers and widen to the input again.

use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;
use serde_json::Value;
use steadfast_config::{Section, section};
use steadfast_ops::{Linear, StepContext, relu};

use super::{Model, ModelConfig, ModelEntry, ModelShape, ModelTask};

pub(super) const ENTRY: ModelEntry =
    ModelEntry::new::<AutoencoderConfig>("Autoencoder", "narrows each sample to a few numbers and restores it");

section! {
    /// Parameters of the autoencoder.
    pub struct AutoencoderConfig {
        /// Widths of the encoder's hidden layers; the decoder has them in reverse.
        trajectory hidden: Vec<usize> = vec![128, 64], 1..=1_048_576;
        /// Numbers that a sample is narrowed to.
        trajectory latent: usize = 16, 1..=1_048_576;
    }
}

/// `encoder.0`, `encoder.2`, ... and `decoder.0`, `decoder.2`, ...: linear layers with ReLU between them, numbered as in
/// a `torch.nn.Sequential`. The output is `[batch, numbers]`, whatever the shape of a sample.
#[derive(Debug)]
pub struct Autoencoder {
    encoder: Vec<Linear>,
    decoder: Vec<Linear>,
}

impl ModelConfig for AutoencoderConfig {
    fn to_json(&self) -> Value {
        Section::to_json(self)
    }

    fn check(&self, shape: &ModelShape) -> std::result::Result<(), String> {
        match shape.vocabulary {
            None => Ok(()),
            Some(_) => Err("an autoencoder takes numbers, but the samples here are tokens".to_owned()),
        }
    }

    fn task(&self) -> ModelTask {
        ModelTask::Inputs
    }

    fn build(&self, shape: &ModelShape, builder: VarBuilder<'_>) -> Result<Box<dyn Model>> {
        let mut widths = vec![shape.features()];
        widths.extend(&self.hidden);
        widths.push(self.latent);
        let encoder = chain(&widths, &builder.pp("encoder"))?;
        widths.reverse();
        let decoder = chain(&widths, &builder.pp("decoder"))?;
        Ok(Box::new(Autoencoder { encoder, decoder }))
    }
}

/// Linear layers from each width to the next.
fn chain(widths: &[usize], builder: &VarBuilder<'_>) -> Result<Vec<Linear>> {
    let pairs = widths.iter().zip(&widths[1..]).enumerate();
    pairs.map(|(index, (inputs, outputs))| Linear::new(*inputs, *outputs, &builder.pp(2 * index))).collect()
}

impl Model for Autoencoder {
    fn forward(&self, input: &Tensor, context: &StepContext) -> Result<Tensor> {
        let mut x = input.flatten_from(1)?;
        for layers in [&self.encoder, &self.decoder] {
            for (index, layer) in layers.iter().enumerate() {
                if index > 0 {
                    x = relu(&x)?;
                }
                x = layer.forward(&x, context)?;
            }
        }
        Ok(x)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::count_parameters;

    #[test]
    fn the_decoder_mirrors_the_encoder() {
        let shape = ModelShape { sample: vec![2, 3], vocabulary: None, outputs: 6, each_position: false };
        let config = AutoencoderConfig { hidden: vec![5], latent: 2 };
        assert_eq!(count_parameters(&config, &shape), Ok((6 * 5 + 5) + (5 * 2 + 2) + (2 * 5 + 5) + (5 * 6 + 6)));
        assert_eq!(config.task(), ModelTask::Inputs);
    }
}
