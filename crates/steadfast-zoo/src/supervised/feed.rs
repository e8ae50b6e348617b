//! The batches of a run as tensors, in the order that follows from the seed, prepared ahead where that takes long.

use std::sync::Arc;

use candle_core::{Device, Tensor};
use steadfast_experiment::ExperimentError;

use super::ahead::Ahead;
use super::batches::Batches;
use crate::datasets::{Augmentation, DataError, Features, Mix, Normalization};

/// More threads than this would only take memory: a batch waits for its predecessors anyhow.
const MAX_THREADS: usize = 4;

/// The inputs of some samples.
pub(super) struct Batch {
    /// Which samples these are.
    pub(super) indices: Vec<usize>,
    /// Normalized inputs, or tokens: `[batch, ...sample shape]`.
    pub(super) input: Tensor,
    /// How it was mixed with itself, if it was.
    pub(super) mix: Option<Mixed>,
}

/// The partners that a batch was mixed with.
pub(super) struct Mixed {
    /// Which samples the partners are.
    pub(super) partners: Vec<usize>,
    /// The share of the own sample.
    pub(super) weight: f64,
}

/// What batches are made of.
pub(super) struct Ingredients {
    pub(super) features: Features,
    pub(super) normalization: Normalization,
    pub(super) augmentation: Option<Augmentation>,
    pub(super) batches: Batches,
    /// A step is cut into batches of so many samples.
    pub(super) batch_size: usize,
    /// Steps from this one on are never asked for.
    pub(super) steps: u64,
}

type Prepared = Result<Vec<Batch>, ExperimentError>;

/// Hands out the batches of each step. The same step gets the same bits, whatever was asked for before.
pub(super) struct Feed {
    ingredients: Arc<Ingredients>,
    batches: Batches,
    threads: usize,
    ahead: Option<Ahead<Prepared>>,
}

impl Feed {
    pub(super) fn new(ingredients: Ingredients) -> Self {
        // Copying numbers is faster than handing them from thread to thread, and the other processors have work.
        let takes_long = ingredients.features.is_lazy()
            || ingredients.augmentation.as_ref().is_some_and(Augmentation::changes_samples);
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = if takes_long { processors.min(MAX_THREADS) } else { 0 };
        Self { batches: ingredients.batches.clone(), ingredients: Arc::new(ingredients), threads, ahead: None }
    }

    /// The batches of a step, counted over all epochs.
    pub(super) fn step(&mut self, step: u64) -> Prepared {
        if self.threads == 0 {
            return self.ingredients.prepare(&mut self.batches, step);
        }
        if self.ahead.as_ref().is_none_or(|ahead| ahead.next() != step) {
            // Let the old threads end before new ones begin.
            self.ahead = None;
            self.ahead = self.start(step);
        }
        match self.ahead.as_mut().map(Ahead::take) {
            None => self.ingredients.prepare(&mut self.batches, step),
            Some(Some(prepared)) => prepared,
            Some(None) => Err(ExperimentError::compute(format!("the thread that prepares step {step} has ended"))),
        }
    }

    fn start(&self, step: u64) -> Option<Ahead<Prepared>> {
        Ahead::start(step, self.ingredients.steps.max(step + 1), self.threads, || {
            let ingredients = Arc::clone(&self.ingredients);
            let mut batches = self.batches.clone();
            move |step| ingredients.prepare(&mut batches, step)
        })
    }
}

impl Ingredients {
    fn prepare(&self, batches: &mut Batches, step: u64) -> Prepared {
        let per_epoch = batches.per_epoch().max(1);
        let (epoch, batch) = (step / per_epoch, step % per_epoch);
        let parts = batches.batch(epoch, batch).chunks(self.batch_size).enumerate();
        parts.map(|(part, indices)| self.batch((epoch, batch, part as u64), indices)).collect()
    }

    fn batch(&self, (epoch, batch, part): (u64, u64, u64), indices: &[usize]) -> Result<Batch, ExperimentError> {
        let mut shape = vec![indices.len()];
        shape.extend_from_slice(self.features.sample_shape());
        let indices_kept = indices.to_vec();
        if self.features.vocabulary().is_some() {
            let mut tokens = Vec::new();
            self.features.fill_tokens(indices, &mut tokens).map_err(ExperimentError::data)?;
            let input = Tensor::from_vec(tokens, shape, &Device::Cpu).map_err(ExperimentError::compute)?;
            return Ok(Batch { indices: indices_kept, input, mix: None });
        }
        let mut values = Vec::new();
        self.fill(epoch, indices, &mut values).map_err(ExperimentError::data)?;
        let augmentation = self.augmentation.as_ref();
        let mix = augmentation.and_then(|augmentation| augmentation.mix(epoch, batch, part, indices.len()));
        if let Some(mix) = &mix {
            mix.apply(&mut values, self.features.sample_len());
        }
        let mixed = |mix: Mix| Mixed {
            partners: mix.partners.iter().map(|&partner| indices[partner]).collect(),
            weight: mix.weight,
        };
        let input = Tensor::from_vec(values, shape, &Device::Cpu).map_err(ExperimentError::compute)?;
        Ok(Batch { indices: indices_kept, input, mix: mix.map(mixed) })
    }

    fn fill(&self, epoch: u64, indices: &[usize], out: &mut Vec<f32>) -> Result<(), DataError> {
        match &self.augmentation {
            Some(augmentation) if augmentation.changes_samples() => {
                augmentation.fill_batch(epoch, indices, (&self.features, &self.normalization), out)
            }
            _ => self.features.fill_batch(indices, &self.normalization, out),
        }
    }
}
