//! What a model is, and how the table of models knows one.

use std::fmt::Debug;

use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;
use serde_json::Value;
use steadfast_config::{Field, JsonPath, Node, Problems, Section};
use steadfast_ops::StepContext;

/// A differentiable function with named parameters.
pub trait Model {
    /// Computes the outputs for a batch.
    ///
    /// `input` has the shape `[batch, ...sample shape]`, `f32`, or `u32` for tokens; the output has
    /// `[batch, outputs]`, or `[batch, positions, outputs]` where [`ModelShape::each_position`] asks for it.
    /// `context` says whether this is training, and which step, for layers such as dropout.
    fn forward(&self, input: &Tensor, context: &StepContext) -> Result<Tensor>;
}

/// What the data asks of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelShape {
    /// Shape of one sample, such as `[4]` or `[1, 28, 28]`.
    pub sample: Vec<usize>,
    /// How many different tokens there are, if the samples are made of tokens instead of numbers.
    pub vocabulary: Option<usize>,
    /// Numbers in the output: classes, or values to predict.
    pub outputs: usize,
    /// Whether each position of a sample has outputs of its own, as for the next token of a text.
    pub each_position: bool,
}

/// What a model learns when the data leaves it open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ModelTask {
    /// The targets of the data.
    #[default]
    Targets,
    /// Its own inputs, as an autoencoder does.
    Inputs,
}

impl ModelShape {
    /// Numbers in one sample.
    pub fn features(&self) -> usize {
        self.sample.iter().product()
    }
}

/// The parameters of a model, read from a config and checked.
pub trait ModelConfig: Debug {
    /// The complete section with all defaults.
    fn to_json(&self) -> Value;

    /// Says why the model cannot take this data, if it cannot.
    fn check(&self, shape: &ModelShape) -> std::result::Result<(), String>;

    /// What the model learns.
    fn task(&self) -> ModelTask {
        ModelTask::Targets
    }

    /// Builds the model; its parameters come from `builder`.
    fn build(&self, shape: &ModelShape, builder: VarBuilder<'_>) -> Result<Box<dyn Model>>;
}

/// Another name for a model, which sets some of its parameters.
#[derive(Debug, Clone, Copy)]
pub struct Alias {
    /// What `model_type` says, matched as the model's own name is.
    pub name: &'static str,
    /// Parameters and their values.
    pub sets: &'static [(&'static str, Preset)],
}

/// The value that an [`Alias`] gives to a parameter.
#[derive(Debug, Clone, Copy)]
pub enum Preset {
    /// A number.
    Number(usize),
    /// True or false.
    Flag(bool),
}

/// One row of the table of models.
#[derive(Debug, Clone, Copy)]
pub struct ModelEntry {
    /// What `model_type` says, matched ignoring case, `-` and `_`.
    pub name: &'static str,
    /// One line for people.
    pub summary: &'static str,
    /// Names that stand for this model with some parameters set, such as `resnet18`.
    pub aliases: &'static [Alias],
    /// Its parameters.
    pub fields: fn() -> Vec<Field>,
    /// Reads its parameters from the `model` section.
    pub read: fn(&Node, &JsonPath, &mut Problems) -> Option<Box<dyn ModelConfig>>,
}

impl ModelEntry {
    /// A row for a model whose parameters are the section `C`.
    pub const fn new<C: Section + ModelConfig + 'static>(name: &'static str, summary: &'static str) -> Self {
        Self { name, summary, aliases: &[], fields: C::fields, read: read::<C> }
    }

    /// The same row with these further names.
    #[must_use]
    pub const fn with_aliases(self, aliases: &'static [Alias]) -> Self {
        Self { aliases, ..self }
    }
}

fn read<C: Section + ModelConfig + 'static>(
    node: &Node,
    path: &JsonPath,
    problems: &mut Problems,
) -> Option<Box<dyn ModelConfig>> {
    C::read(node, path, problems).map(|config| Box::new(config) as Box<dyn ModelConfig>)
}
