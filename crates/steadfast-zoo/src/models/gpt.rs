//! GPT-2: Radford, Wu, Child, Luan, Amodei, Sutskever, "Language Models are Unsupervised Multitask Learners", 2019.

use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;
use serde_json::Value;
use steadfast_config::{JsonPath, Node, Problems, Section, section};
use steadfast_ops::{
    Dropout, Embedding, LayerNorm, Linear, StepContext, add, affine, embedding, gelu_tanh, linear, self_attention,
    take_position,
};

use super::initial::{ZEROS, normal};
use super::{Alias, Model, ModelConfig, ModelEntry, ModelShape, Preset};

pub(super) const ENTRY: ModelEntry =
    ModelEntry::new::<GptConfig>("GPT", "GPT-2 for texts: the next token at each position, or a class of the text")
        .with_aliases(&[Alias {
            name: "gpt2",
            sets: &[("layers", Preset::Number(12)), ("heads", Preset::Number(12)), ("width", Preset::Number(768))],
        }]);

/// The deviation of the first weights.
const DEVIATION: f64 = 0.02;

section! {
    /// Parameters of the language model.
    pub struct GptConfig, check = check_heads {
        /// Blocks of attention and linear layers.
        trajectory layers: usize = 4, 1..=1_000;
        /// Attention heads of each block; they divide the width among themselves.
        trajectory heads: usize = 4, 1..=1_024;
        /// Numbers per position.
        trajectory width: usize = 128, 1..=65_536;
        /// Positions it can tell apart; by default as many as a sample has.
        trajectory context: Option<usize> = None, 1..=1_048_576;
        /// Share of the embeddings and of each block's results that is dropped while training.
        trajectory dropout: f64 = 0.0, 0.0..1.0;
    }
}

fn check_heads(config: &GptConfig, node: &Node, path: &JsonPath, problems: &mut Problems) {
    if !config.width.is_multiple_of(config.heads) {
        let span = node.get("heads").map_or(&node.span, |value| &value.span);
        problems
            .error(span, format!("{} heads do not divide a width of {}", config.heads, config.width))
            .at(&path.key("heads"))
            .expected("a divisor of `width`");
    }
}

/// `wte` and `wpe`, blocks `h.0`, `h.1`, ..., and `ln_f`, with the names of GPT-2's weights on Hugging Face.
///
/// The head that predicts tokens is `wte` again; a class of a whole text comes from `score` at the last position.
/// Weights of linear layers are `[in, out]`. Attention weights are not dropped.
#[derive(Debug)]
pub struct Gpt {
    tokens: Embedding,
    positions: Tensor,
    dropout: Dropout,
    blocks: Vec<Block>,
    norm: LayerNorm,
    score: Option<Linear>,
}

impl ModelConfig for GptConfig {
    fn to_json(&self) -> Value {
        Section::to_json(self)
    }

    fn check(&self, shape: &ModelShape) -> std::result::Result<(), String> {
        let ([positions], Some(_)) = (&shape.sample[..], shape.vocabulary) else {
            return Err(format!(
                "a GPT takes tokens of a text, but a sample here is numbers of the shape {:?}",
                shape.sample
            ));
        };
        match self.context {
            Some(context) if context < *positions => {
                Err(format!("a sample has {positions} tokens, but the context of the GPT is {context}"))
            }
            _ => Ok(()),
        }
    }

    fn build(&self, shape: &ModelShape, builder: VarBuilder<'_>) -> Result<Box<dyn Model>> {
        let (&[positions], Some(vocabulary)) = (&shape.sample[..], shape.vocabulary) else {
            candle_core::bail!("a GPT takes tokens of a text");
        };
        if shape.each_position && shape.outputs != vocabulary {
            candle_core::bail!("a GPT predicts its {vocabulary} tokens, but {} outputs are asked for", shape.outputs);
        }
        let width = self.width;
        let table =
            |rows: usize, name: &str| builder.pp(name).get_with_hints((rows, width), "weight", normal(DEVIATION));
        let tokens = Embedding::from_tensor(table(vocabulary, "wte")?);
        let positions = table(self.context.unwrap_or(positions), "wpe")?;
        let dropout = Dropout::new(self.dropout, &builder.pp("drop"))?;
        let blocks = (0..self.layers).map(|layer| Block::new(self, &builder.pp(format!("h.{layer}"))));
        let blocks = blocks.collect::<Result<Vec<_>>>()?;
        let norm = LayerNorm::new(width, &builder.pp("ln_f"))?;
        let score = if shape.each_position {
            None
        } else {
            let shape = (shape.outputs, width);
            let weight = builder.pp("score").get_with_hints(shape, "weight", normal(DEVIATION))?;
            Some(Linear::from_tensors(weight, None))
        };
        Ok(Box::new(Gpt { tokens, positions, dropout, blocks, norm, score }))
    }
}

impl Model for Gpt {
    fn forward(&self, input: &Tensor, context: &StepContext) -> Result<Tensor> {
        let (_, count) = input.dims2()?;
        let places: Vec<u32> =
            (0..count).map(u32::try_from).collect::<std::result::Result<_, _>>().map_err(candle_core::Error::wrap)?;
        let positions = embedding(&self.positions, &Tensor::new(places, input.device())?)?;
        let x = add(&self.tokens.forward(input, context)?, &positions)?;
        let mut x = self.dropout.forward(&x, context)?;
        for block in &self.blocks {
            x = block.forward(&x, context)?;
        }
        let x = self.norm.forward(&x, context)?;
        match &self.score {
            None => linear(&x, self.tokens.weight(), None),
            Some(score) => score.forward(&take_position(&x, count - 1)?, context),
        }
    }
}

/// Attention and two linear layers, each after a norm and with a shortcut around it.
#[derive(Debug)]
struct Block {
    heads: usize,
    ln_1: LayerNorm,
    attention: Projection,
    attention_out: Projection,
    attention_dropout: Dropout,
    ln_2: LayerNorm,
    up: Projection,
    down: Projection,
    dropout: Dropout,
}

impl Block {
    fn new(config: &GptConfig, builder: &VarBuilder<'_>) -> Result<Self> {
        let width = config.width;
        // Results that are added to the shortcut begin smaller the more of them there are.
        let small = DEVIATION / (2.0 * config.layers as f64).sqrt();
        Ok(Self {
            heads: config.heads,
            ln_1: LayerNorm::new(width, &builder.pp("ln_1"))?,
            attention: Projection::new([width, 3 * width], DEVIATION, &builder.pp("attn.c_attn"))?,
            attention_out: Projection::new([width, width], small, &builder.pp("attn.c_proj"))?,
            attention_dropout: Dropout::new(config.dropout, &builder.pp("attn.resid_dropout"))?,
            ln_2: LayerNorm::new(width, &builder.pp("ln_2"))?,
            up: Projection::new([width, 4 * width], DEVIATION, &builder.pp("mlp.c_fc"))?,
            down: Projection::new([4 * width, width], small, &builder.pp("mlp.c_proj"))?,
            dropout: Dropout::new(config.dropout, &builder.pp("mlp.dropout"))?,
        })
    }

    fn forward(&self, x: &Tensor, context: &StepContext) -> Result<Tensor> {
        let projected = self.attention.forward(&self.ln_1.forward(x, context)?)?;
        let attended = self.attention_out.forward(&self_attention(&projected, self.heads, true)?)?;
        let x = add(x, &self.attention_dropout.forward(&attended, context)?)?;
        let hidden = gelu_tanh(&self.up.forward(&self.ln_2.forward(&x, context)?)?)?;
        add(&x, &self.dropout.forward(&self.down.forward(&hidden)?, context)?)
    }
}

/// A linear layer whose weight is `[in, out]`.
#[derive(Debug)]
struct Projection {
    weight: Tensor,
    bias: Tensor,
}

impl Projection {
    fn new([inputs, outputs]: [usize; 2], deviation: f64, builder: &VarBuilder<'_>) -> Result<Self> {
        let weight = builder.get_with_hints((inputs, outputs), "weight", normal(deviation))?;
        Ok(Self { weight, bias: builder.get_with_hints(outputs, "bias", ZEROS)? })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        affine(x, &self.weight, &self.bias)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::count_parameters;

    #[test]
    fn gpt2_has_its_124_million_parameters() {
        let config = GptConfig { layers: 12, heads: 12, width: 768, context: Some(1_024), dropout: 0.1 };
        let shape = ModelShape { sample: vec![64], vocabulary: Some(50_257), outputs: 50_257, each_position: true };
        assert_eq!(count_parameters(&config, &shape), Ok(124_439_808));
    }

    #[test]
    fn a_text_longer_than_the_context_is_refused() {
        let config = GptConfig { context: Some(8), ..GptConfig::default() };
        let shape =
            |positions| ModelShape { sample: vec![positions], vocabulary: Some(5), outputs: 5, each_position: true };
        assert_eq!(config.check(&shape(8)), Ok(()));
        assert_eq!(config.check(&shape(9)).unwrap_err(), "a sample has 9 tokens, but the context of the GPT is 8");
        let image = ModelShape { sample: vec![1, 8, 8], vocabulary: None, outputs: 5, each_position: false };
        assert!(config.check(&image).is_err());
    }
}
