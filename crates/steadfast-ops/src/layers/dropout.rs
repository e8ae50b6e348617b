//! The dropout layer.

use candle_core::{Result, Tensor, bail};
use candle_nn::VarBuilder;

use crate::context::StepContext;
use crate::ops;
use crate::random::Purpose;

/// Drops random elements while training, and does nothing otherwise.
///
/// The mask of a step is a function of the run's seed, the layer's full name and the step's number: it does not depend
/// on what ran before, so training can be resumed at any step.
#[derive(Clone, Debug)]
pub struct Dropout {
    probability: f64,
    name: String,
}

impl Dropout {
    /// A layer that drops each element with this probability; its name is the builder's prefix.
    ///
    /// Two dropout layers need two names, else they drop the same elements.
    pub fn new(probability: f64, builder: &VarBuilder<'_>) -> Result<Self> {
        if !(0.0..=1.0).contains(&probability) {
            bail!("the dropout probability is {probability}, but must lie between 0 and 1");
        }
        Ok(Self { probability, name: builder.prefix() })
    }

    /// Applies the layer.
    pub fn forward(&self, x: &Tensor, context: &StepContext) -> Result<Tensor> {
        if !context.is_training() || self.probability == 0.0 {
            return Ok(x.clone());
        }
        let key = context.seed().key(Purpose::Dropout(&self.name), &[context.step()]);
        ops::dropout(x, self.probability, &key)
    }
}
