//! Recurrent networks: long short-term memory and gated recurrent units over sequences of numbers or tokens.

use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;
use serde_json::Value;
use steadfast_config::{Section, section};
use steadfast_ops::{Dropout, Embedding, Linear, StepContext, concat_last, gru, linear, lstm, take_position};

use super::initial::within;
use super::{Model, ModelConfig, ModelEntry, ModelShape};

pub(super) const LSTM: ModelEntry =
    ModelEntry::new::<LstmConfig>("LSTM", "long short-term memory over sequences, rows of images or tokens");

pub(super) const GRU: ModelEntry =
    ModelEntry::new::<GruConfig>("GRU", "gated recurrent units over sequences, rows of images or tokens");

section! {
    /// Parameters of the long short-term memory.
    pub struct LstmConfig {
        /// Numbers of the hidden state of each layer.
        trajectory hidden: usize = 128, 1..=65_536;
        /// Layers, one upon the other.
        trajectory layers: usize = 1, 1..=1_000;
        /// Whether each layer reads the sequence from both ends; not for predicting the next token.
        trajectory bidirectional: bool = false;
        /// Share of each layer's outputs, but the last one's, that is dropped while training.
        trajectory dropout: f64 = 0.0, 0.0..1.0;
        /// Numbers that stand for a token; by default as many as the hidden state has.
        trajectory embedding: Option<usize> = None, 1..=65_536;
    }
}

section! {
    /// Parameters of the gated recurrent units.
    pub struct GruConfig {
        /// Numbers of the hidden state of each layer.
        trajectory hidden: usize = 128, 1..=65_536;
        /// Layers, one upon the other.
        trajectory layers: usize = 1, 1..=1_000;
        /// Whether each layer reads the sequence from both ends; not for predicting the next token.
        trajectory bidirectional: bool = false;
        /// Share of each layer's outputs, but the last one's, that is dropped while training.
        trajectory dropout: f64 = 0.0, 0.0..1.0;
        /// Numbers that stand for a token; by default as many as the hidden state has.
        trajectory embedding: Option<usize> = None, 1..=65_536;
    }
}

/// `embedding` for tokens, the recurrent layers under `lstm` or `gru` with the parameter names of `torch.nn.LSTM` and
/// `torch.nn.GRU` (`weight_ih_l0`, `weight_hh_l0_reverse`, ...), and `fc`.
///
/// A sequence is `[T, features]`; numbers without further structure are a sequence of one feature each, and the rows
/// of an image are its steps. A class or value comes from the last hidden state of each direction, the next token from
/// the hidden state at its position.
#[derive(Debug)]
pub struct Recurrent {
    embedding: Option<Embedding>,
    layers: Vec<Vec<Direction>>,
    dropouts: Vec<Dropout>,
    fc: Linear,
    each_position: bool,
}

/// What both kinds have in common.
struct Settings {
    kind: Kind,
    hidden: usize,
    layers: usize,
    bidirectional: bool,
    dropout: f64,
    embedding: Option<usize>,
}

/// One of the two kinds of cells.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Lstm,
    Gru,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Lstm => "LSTM",
            Self::Gru => "GRU",
        }
    }

    /// The prefix of its parameters.
    const fn prefix(self) -> &'static str {
        match self {
            Self::Lstm => "lstm",
            Self::Gru => "gru",
        }
    }

    const fn gates(self) -> usize {
        match self {
            Self::Lstm => 4,
            Self::Gru => 3,
        }
    }
}

macro_rules! recurrent_config {
    ($config:ty, $kind:expr) => {
        impl $config {
            const fn settings(&self) -> Settings {
                let Self { hidden, layers, bidirectional, dropout, embedding } = *self;
                Settings { kind: $kind, hidden, layers, bidirectional, dropout, embedding }
            }
        }

        impl ModelConfig for $config {
            fn to_json(&self) -> Value {
                Section::to_json(self)
            }

            fn check(&self, shape: &ModelShape) -> std::result::Result<(), String> {
                self.settings().check(shape)
            }

            fn build(&self, shape: &ModelShape, builder: VarBuilder<'_>) -> Result<Box<dyn Model>> {
                Ok(Box::new(self.settings().build(shape, &builder)?))
            }
        }
    };
}

recurrent_config!(LstmConfig, Kind::Lstm);
recurrent_config!(GruConfig, Kind::Gru);

impl Settings {
    fn check(&self, shape: &ModelShape) -> std::result::Result<(), String> {
        let name = self.kind.name();
        if shape.sample.is_empty() || shape.sample.len() > 3 || shape.features() == 0 {
            return Err(format!(
                "{name} takes sequences [T, features], rows of images or tokens, but a sample here has the shape {:?}",
                shape.sample
            ));
        }
        if shape.each_position && self.bidirectional {
            return Err(format!(
                "{name} with `bidirectional` would see the tokens that it has to predict: set it to false"
            ));
        }
        Ok(())
    }

    fn build(&self, shape: &ModelShape, builder: &VarBuilder<'_>) -> Result<Recurrent> {
        let (embedding, features) = match shape.vocabulary {
            Some(vocabulary) => {
                let width = self.embedding.unwrap_or(self.hidden);
                (Some(Embedding::new(vocabulary, width, &builder.pp("embedding"))?), width)
            }
            None => (None, features(&shape.sample)),
        };
        let cells = builder.pp(self.kind.prefix());
        let (mut layers, mut dropouts, mut inputs) = (Vec::new(), Vec::new(), features);
        for layer in 0..self.layers {
            let mut directions = vec![Direction::new(self, inputs, &format!("l{layer}"), &cells)?];
            if self.bidirectional {
                directions.push(Direction::new(self, inputs, &format!("l{layer}_reverse"), &cells)?);
            }
            inputs = directions.len() * self.hidden;
            layers.push(directions);
            if layer + 1 < self.layers {
                dropouts.push(Dropout::new(self.dropout, &cells.pp(format!("dropout{layer}")))?);
            }
        }
        let fc = Linear::new(inputs, shape.outputs, &builder.pp("fc"))?;
        Ok(Recurrent { embedding, layers, dropouts, fc, each_position: shape.each_position })
    }
}

/// Numbers per step of a sample of this shape.
fn features(sample: &[usize]) -> usize {
    match *sample {
        [_, features] => features,
        [channels, _, width] => channels * width,
        _ => 1,
    }
}

/// A batch of samples as `[batch, T, features]`.
fn sequences(input: &Tensor) -> Result<Tensor> {
    match *input.dims() {
        [batch, positions] => input.reshape((batch, positions, 1)),
        [batch, channels, rows, width] => {
            let rows_first = if channels == 1 { input.clone() } else { input.transpose(1, 2)?.contiguous()? };
            rows_first.reshape((batch, rows, channels * width))
        }
        _ => Ok(input.clone()),
    }
}

/// One layer, read in one direction.
#[derive(Debug)]
struct Direction {
    kind: Kind,
    reverse: bool,
    weight_ih: Tensor,
    weight_hh: Tensor,
    bias_ih: Tensor,
    bias_hh: Tensor,
}

impl Direction {
    fn new(settings: &Settings, inputs: usize, suffix: &str, builder: &VarBuilder<'_>) -> Result<Self> {
        let hidden = settings.hidden;
        let wide = settings.kind.gates() * hidden;
        let first = within(1.0 / (hidden as f64).sqrt());
        let weight = |name: &str, inputs: usize| {
            builder.get_with_hints((wide, inputs), &format!("weight_{name}_{suffix}"), first)
        };
        let bias = |name: &str| builder.get_with_hints(wide, &format!("bias_{name}_{suffix}"), first);
        Ok(Self {
            kind: settings.kind,
            reverse: suffix.ends_with("reverse"),
            weight_ih: weight("ih", inputs)?,
            weight_hh: weight("hh", hidden)?,
            bias_ih: bias("ih")?,
            bias_hh: bias("hh")?,
        })
    }

    /// The hidden states at all positions.
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let projected = linear(x, &self.weight_ih, Some(&self.bias_ih))?;
        let run = match self.kind {
            Kind::Lstm => lstm,
            Kind::Gru => gru,
        };
        run(&projected, &self.weight_hh, &self.bias_hh, self.reverse)
    }
}

impl Model for Recurrent {
    fn forward(&self, input: &Tensor, context: &StepContext) -> Result<Tensor> {
        let mut x = match &self.embedding {
            Some(embedding) => embedding.forward(input, context)?,
            None => sequences(input)?,
        };
        let last = x.dim(1)?.saturating_sub(1);
        for (index, directions) in self.layers.iter().enumerate() {
            let states = directions.iter().map(|direction| direction.forward(&x)).collect::<Result<Vec<_>>>()?;
            let top = index + 1 == self.layers.len() && !self.each_position;
            x = match &states[..] {
                [forward] if top => take_position(forward, last)?,
                [forward] => forward.clone(),
                // Each direction ends where it read its last step.
                [forward, back] if top => concat_last(&take_position(forward, last)?, &take_position(back, 0)?)?,
                [forward, back] => concat_last(forward, back)?,
                _ => candle_core::bail!("a layer is read in one or two directions"),
            };
            if let Some(dropout) = self.dropouts.get(index) {
                x = dropout.forward(&x, context)?;
            }
        }
        self.fc.forward(&x, context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(sample: &[usize]) -> ModelShape {
        ModelShape { sample: sample.to_vec(), vocabulary: None, outputs: 3, each_position: false }
    }

    #[test]
    fn looking_ahead_is_refused() {
        let config = LstmConfig { bidirectional: true, ..LstmConfig::default() };
        assert_eq!(config.check(&shape(&[5, 2])), Ok(()));
        let text = ModelShape { vocabulary: Some(9), each_position: true, ..shape(&[5]) };
        assert!(config.check(&text).unwrap_err().contains("`bidirectional`"));
        assert!(GruConfig::default().check(&shape(&[1, 2, 3, 4])).is_err());
        assert!(GruConfig::default().check(&shape(&[0, 3])).is_err());
    }

    #[test]
    fn rows_of_images_are_steps() -> Result<()> {
        let image = Tensor::arange(0_f32, 12.0, &candle_core::Device::Cpu)?.reshape((1, 2, 3, 2))?;
        let steps = sequences(&image)?;
        assert_eq!(steps.dims(), [1, 3, features(&[2, 3, 2])]);
        assert_eq!(steps.get(0)?.get(1)?.to_vec1::<f32>()?, [2.0, 3.0, 8.0, 9.0]);
        Ok(())
    }
}
