//! How the table of optimizers knows one, and the shorthands a config may use.

use std::fmt::Debug;

use serde_json::Value;
use steadfast_config::{Component, ExperimentConfig, Field, Hyperparams, Problems, Section};
use steadfast_ops::Optimizer;

/// The parameters of an optimizer, read from a config and checked.
pub trait OptimizerConfig: Debug {
    /// The complete section with all defaults.
    fn to_json(&self) -> Value;

    /// Takes over what `hyperparams` says for every optimizer. Returns the name of a shorthand it has no use for.
    fn apply(&mut self, shorthands: &Shorthands) -> Result<(), &'static str>;

    /// What parameters that are fine one by one cannot do together.
    fn objection(&self) -> Option<&'static str> {
        None
    }

    /// The optimizer before its first step.
    fn build(&self) -> Box<dyn Optimizer>;
}

/// `hyperparams.weight_decay` and `hyperparams.momentum`: they may stand there instead of in the optimizer's own
/// section, whatever the optimizer.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Shorthands {
    /// `hyperparams.weight_decay`, if it is given.
    pub weight_decay: Option<f64>,
    /// `hyperparams.momentum`, if it is given.
    pub momentum: Option<f64>,
}

impl From<&Hyperparams> for Shorthands {
    fn from(hyperparams: &Hyperparams) -> Self {
        Self { weight_decay: hyperparams.weight_decay, momentum: hyperparams.momentum }
    }
}

/// One row of the table of optimizers.
#[derive(Debug, Clone, Copy)]
pub struct OptimizerEntry {
    /// What a config calls it.
    pub name: &'static str,
    /// One line for people.
    pub summary: &'static str,
    /// Its parameters.
    pub fields: fn() -> Vec<Field>,
    /// Reads its parameters.
    pub read: fn(&Component, &mut Problems) -> Option<Box<dyn OptimizerConfig>>,
}

impl OptimizerEntry {
    /// A row for an optimizer whose parameters are the section `C`.
    pub const fn new<C: Section + OptimizerConfig + 'static>(name: &'static str, summary: &'static str) -> Self {
        Self { name, summary, fields: C::fields, read: read::<C> }
    }

    /// Reads the parameters and applies the shorthands of `config`.
    pub(crate) fn configure(
        &self,
        config: &ExperimentConfig,
        problems: &mut Problems,
    ) -> Option<Box<dyn OptimizerConfig>> {
        let component = &config.hyperparams.optimizer;
        let mut optimizer = (self.read)(component, problems)?;
        if let Err(shorthand) = optimizer.apply(&Shorthands::from(&config.hyperparams)) {
            let message = format!("`hyperparams.{shorthand}` is set, but the optimizer `{}` has none", self.name);
            problems.error(&component.kind_span, message).at(&component.path).help(format!("leave `{shorthand}` out"));
            return None;
        }
        if let Some(objection) = optimizer.objection() {
            let message = format!("the optimizer `{}` cannot be set up: {objection}", self.name);
            problems.error(&component.kind_span, message).at(&component.path);
            return None;
        }
        Some(optimizer)
    }
}

fn read<C: Section + OptimizerConfig + 'static>(
    component: &Component,
    problems: &mut Problems,
) -> Option<Box<dyn OptimizerConfig>> {
    C::read(&component.params, &component.path, problems).map(|config| Box::new(config) as Box<dyn OptimizerConfig>)
}
