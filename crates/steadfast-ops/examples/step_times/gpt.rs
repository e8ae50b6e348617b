//! A small GPT: vocabulary 96, context 128, width 128, 4 heads, 4 pre-norm layers, batch 16.

use candle_core::{Device, Result, Tensor};
use candle_nn::VarBuilder;
use steadfast_ops::{Embedding, LayerNorm, Linear, StepContext, add, cross_entropy, gelu_tanh, self_attention};

use crate::{Workload, random_ids};

const BATCH: usize = 16;
const CONTEXT: u32 = 128;
const WIDTH: usize = 128;
const HEADS: usize = 4;
const VOCABULARY: u32 = 96;

struct Block {
    attention_norm: LayerNorm,
    projection: Linear,
    attention_out: Linear,
    norm: LayerNorm,
    up: Linear,
    down: Linear,
}

impl Block {
    fn new(builder: &VarBuilder<'_>) -> Result<Self> {
        Ok(Self {
            attention_norm: LayerNorm::new(WIDTH, &builder.pp("ln_1"))?,
            projection: Linear::new(WIDTH, 3 * WIDTH, &builder.pp("attn.c_attn"))?,
            attention_out: Linear::new(WIDTH, WIDTH, &builder.pp("attn.c_proj"))?,
            norm: LayerNorm::new(WIDTH, &builder.pp("ln_2"))?,
            up: Linear::new(WIDTH, 4 * WIDTH, &builder.pp("mlp.c_fc"))?,
            down: Linear::new(4 * WIDTH, WIDTH, &builder.pp("mlp.c_proj"))?,
        })
    }

    fn forward(&self, x: &Tensor, context: &StepContext) -> Result<Tensor> {
        let projected = self.projection.forward(&self.attention_norm.forward(x, context)?, context)?;
        let attended = self.attention_out.forward(&self_attention(&projected, HEADS, true)?, context)?;
        let x = add(x, &attended)?;
        let hidden = gelu_tanh(&self.up.forward(&self.norm.forward(&x, context)?, context)?)?;
        add(&x, &self.down.forward(&hidden, context)?)
    }
}

pub(crate) struct Gpt {
    tokens: Embedding,
    positions: Embedding,
    blocks: Vec<Block>,
    norm: LayerNorm,
    head: Linear,
    input: Tensor,
    targets: Tensor,
}

impl Gpt {
    pub(crate) fn new(builder: &VarBuilder<'_>) -> Result<Self> {
        let dims = [BATCH, CONTEXT as usize];
        Ok(Self {
            tokens: Embedding::new(VOCABULARY as usize, WIDTH, &builder.pp("wte"))?,
            positions: Embedding::new(CONTEXT as usize, WIDTH, &builder.pp("wpe"))?,
            blocks: (0..4).map(|layer| Block::new(&builder.pp(format!("h.{layer}")))).collect::<Result<_>>()?,
            norm: LayerNorm::new(WIDTH, &builder.pp("ln_f"))?,
            head: Linear::without_bias(WIDTH, VOCABULARY as usize, &builder.pp("lm_head"))?,
            input: random_ids("input", &dims, VOCABULARY)?,
            targets: random_ids("targets", &dims, VOCABULARY)?,
        })
    }
}

impl Workload for Gpt {
    fn batch(&self) -> usize {
        BATCH
    }

    fn loss(&self, context: &StepContext) -> Result<Tensor> {
        let positions = self.positions.forward(&Tensor::arange(0, CONTEXT, &Device::Cpu)?, context)?;
        let mut x = add(&self.tokens.forward(&self.input, context)?, &positions)?;
        for block in &self.blocks {
            x = block.forward(&x, context)?;
        }
        cross_entropy(&self.head.forward(&self.norm.forward(&x, context)?, context)?, &self.targets, 0.0)
    }
}
