//! One optimizer step: forward, loss, backward, update.

use candle_core::Tensor;
use steadfast_experiment::{ExperimentError, Position};
use steadfast_ops::{GradientError, NamedGradients, StepContext};

use super::experiment::Recipe;
use super::feed::Batch;
use super::network::Network;
use super::target_scale::TargetScale;
use super::task::{TargetError, Task, Totals};
use crate::datasets::Dataset;

/// What a step works with.
pub(super) struct Step<'a> {
    pub(super) recipe: &'a Recipe,
    pub(super) task: Task,
    pub(super) data: &'a Dataset,
    pub(super) scale: &'a TargetScale,
    pub(super) at: Position,
}

impl Step<'_> {
    /// Changes the network by the mean gradient over all samples. Nothing is changed if a number is not finite.
    pub(super) fn run(&self, network: &mut Network, batches: &[Batch], lr: f64) -> Result<Totals, ExperimentError> {
        let samples: usize = batches.iter().map(|batch| batch.indices.len()).sum();
        let mut totals = Totals::default();
        let mut gradients: Option<NamedGradients> = None;
        for (part, batch) in batches.iter().enumerate() {
            let share = batch.indices.len() as f64 / samples as f64;
            let (measured, mut found) = self.backward(network, batch, part)?;
            totals.add(measured);
            found.multiply(share);
            match &mut gradients {
                None => gradients = Some(found),
                Some(sum) => sum.add(&found).map_err(ExperimentError::compute)?,
            }
        }
        let mut gradients = gradients.ok_or_else(|| ExperimentError::compute("a step without samples"))?;
        self.check(&mut gradients)?;
        network.update(&gradients, lr)?;
        Ok(totals)
    }

    /// Loss, figures and gradients of one batch.
    fn backward(
        &self,
        network: &Network,
        batch: &Batch,
        part: usize,
    ) -> Result<(Totals, NamedGradients), ExperimentError> {
        let input = &batch.input;
        let targets = self.task.targets(self.data, &batch.indices, input).map_err(ExperimentError::data)?;
        // Accumulated batches of one step must not drop the same activations.
        let draw = self.at.step * self.recipe.accumulate_steps as u64 + part as u64;
        let output = network.forward(input, &StepContext::training(self.recipe.seed, draw))?;
        let output = self.task.rows(&output).map_err(ExperimentError::compute)?;
        let loss = self.loss(batch, &output, &targets).map_err(|error| match error {
            TargetError::Data(error) => ExperimentError::data(error),
            TargetError::Tensor(error) => ExperimentError::compute(error),
        })?;
        let value = f64::from(loss.to_scalar::<f32>().map_err(ExperimentError::compute)?);
        if !value.is_finite() {
            return Err(self.not_finite("the training loss", value));
        }
        let gradients = NamedGradients::of(&loss, network.trainable()).map_err(ExperimentError::compute)?;
        let totals = self.totals(value, &output, &targets).map_err(ExperimentError::compute)?;
        Ok((totals, gradients))
    }

    /// What a batch is told to have cost: on the scale of the data, whatever was trained on.
    fn totals(&self, loss: f64, output: &Tensor, targets: &Tensor) -> candle_core::Result<Totals> {
        let samples = output.dim(0)? as u64;
        if self.scale.is_identity() {
            return Ok(Totals { samples, loss: loss * samples as f64, figure: self.task.figure(output, targets)? });
        }
        let output = self.scale.unscaled(output)?;
        let (loss, figure) = (Task::squares(&output, targets)?, self.task.figure(&output, targets)?);
        Ok(Totals { samples, loss, figure })
    }

    /// The mean loss; of a mixed batch, with the targets of both samples of each mix.
    fn loss(&self, batch: &Batch, output: &Tensor, targets: &Tensor) -> Result<Tensor, TargetError> {
        let own = self.scale.scaled(targets)?;
        let aims = match &batch.mix {
            None => vec![(1.0, own)],
            Some(mix) => {
                let others = self.task.targets(self.data, &mix.partners, &batch.input)?;
                vec![(mix.weight, own), (1.0 - mix.weight, self.scale.scaled(&others)?)]
            }
        };
        Ok(self.task.loss(output, &aims, self.recipe.label_smoothing)?)
    }

    /// Clips the gradients if the config says so, and refuses those that are not finite.
    fn check(&self, gradients: &mut NamedGradients) -> Result<(), ExperimentError> {
        let norm = match (self.recipe.grad_clip_value, self.recipe.grad_clip_norm) {
            (None, Some(limit)) => gradients.clip_norm(limit),
            _ => gradients.norm(),
        };
        let norm = norm.map_err(ExperimentError::compute)?;
        if norm.is_finite() {
            return self.clip_values(gradients).map_err(ExperimentError::compute);
        }
        let what = match gradients.check_finite() {
            Err(GradientError::NotFinite { name }) => format!("the gradient of `{name}`"),
            _ => "the gradient norm".to_owned(),
        };
        Err(self.not_finite(&what, norm))
    }

    /// Values first, then the norm of what is left. Infinity would become an ordinary limit, so it was looked for before.
    fn clip_values(&self, gradients: &mut NamedGradients) -> candle_core::Result<()> {
        let Some(limit) = self.recipe.grad_clip_value else { return Ok(()) };
        gradients.clip_value(limit)?;
        if let Some(limit) = self.recipe.grad_clip_norm {
            gradients.clip_norm(limit)?;
        }
        Ok(())
    }

    fn not_finite(&self, what: &str, value: f64) -> ExperimentError {
        ExperimentError::Numeric { what: what.to_owned(), value, step: self.at.step }
    }
}
