//! The trait every kind of experiment implements, and the values that cross it.

use serde_json::Value;
use steadfast_state::TensorMap;

use crate::{ExperimentError, Inference, Metrics, StopSignal};

/// One experiment, as the training loop sees it.
///
/// The loop calls [`load_data`](Self::load_data), [`build_model`](Self::build_model), perhaps
/// [`restore`](Self::restore), and then [`train_step`](Self::train_step) and [`validate`](Self::validate) in order.
/// It never sees a tensor: state crosses as named bytes.
///
/// # Exact resume
///
/// A resumed run equals an uninterrupted one if `train_step` is a pure function of the saved state and the
/// [`Position`]: draw every random number from a generator keyed by the position, and keep nothing between steps that
/// [`save`](Self::save) does not write.
pub trait Experiment {
    /// Reads and checks the data. Called once, first.
    fn load_data(&mut self) -> Result<DataSummary, ExperimentError>;

    /// Builds the model with its freshly initialised parameters. Called once, after the data is known.
    fn build_model(&mut self) -> Result<ModelSummary, ExperimentError>;

    /// Runs one optimizer step and says what it saw.
    ///
    /// A loss that is not finite must be reported as [`ExperimentError::Numeric`] before any parameter is changed.
    fn train_step(&mut self, at: Position) -> Result<StepReport, ExperimentError>;

    /// Computes the validation metrics, named as they shall appear (`val_loss`, `val_accuracy`, ...).
    ///
    /// Returns `None` if `stop` was asked for before the work was done; the loop then runs it again after the resume.
    fn validate(&mut self, at: Position, stop: &dyn StopSignal) -> Result<Option<Metrics>, ExperimentError>;

    /// Told after each epoch what was measured, for schedules that depend on it.
    fn end_epoch(&mut self, _metrics: &Metrics) -> Result<(), ExperimentError> {
        Ok(())
    }

    /// What else the last validation found, such as a confusion matrix. That of the best epoch stands in `result.json`
    /// as `evaluation`.
    fn details(&self) -> Option<Value> {
        None
    }

    /// What somebody who applies the model needs beside its weights, such as how inputs were normalized; known once the
    /// model is built. It stands in `result.json` as `preprocessing`.
    fn preprocessing(&self) -> Option<Value> {
        None
    }

    /// What the experiment can do beside training; nothing by default.
    fn inference(&mut self) -> Option<&mut dyn Inference> {
        None
    }

    /// The whole state that a later [`restore`](Self::restore) needs.
    fn save(&self) -> Result<ExperimentState, ExperimentError>;

    /// Puts a saved state back: all of it or, on an error, none of it.
    fn restore(&mut self, state: ExperimentState) -> Result<(), ExperimentError>;
}

/// Where in the run a step stands. A step is one optimizer update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Epochs completed before this one; the first epoch is 0.
    pub epoch: u64,
    /// Steps done in this epoch before this one.
    pub batch: u64,
    /// Steps done in the whole run before this one.
    pub step: u64,
}

/// What the loop needs to know about the data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataSummary {
    /// Samples seen in one epoch of training.
    pub train_samples: u64,
    /// Samples that validation measures.
    pub validation_samples: u64,
    /// Optimizer steps that make one epoch; at least 1.
    pub steps_per_epoch: u64,
    /// SHA-256 of the content, in hexadecimal: equal data, equal fingerprint.
    pub sha256: String,
    /// One line for people, such as `1,617 train, 180 validation, 10 classes, 1x8x8`.
    pub description: String,
}

/// What the loop needs to know about the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelSummary {
    /// Trainable numbers in the model.
    pub parameters: u64,
    /// One line for people, such as `CNN, 2 convolutions`.
    pub description: String,
}

/// What one training step saw.
#[derive(Debug, Clone, PartialEq)]
pub struct StepReport {
    /// Samples in the step: the weight of its figures in the epoch's mean.
    pub samples: u64,
    /// Learning rate that was used.
    pub lr: f64,
    /// Means over the step's samples, named as they shall appear (`train_loss`, `train_accuracy`, ...), always in the
    /// same order. The first one is the loss.
    pub metrics: Vec<(&'static str, f64)>,
}

impl StepReport {
    /// The loss of the step; NaN when there are no metrics at all.
    pub fn loss(&self) -> f64 {
        self.metrics.first().map_or(f64::NAN, |(_, value)| *value)
    }
}

/// The whole state of an experiment between two steps.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ExperimentState {
    /// Parameters and buffers of the model: what is exported as `model_last.safetensors`.
    pub model: TensorMap,
    /// Everything else that is made of numbers: optimizer moments, averaged weights.
    pub optimizer: TensorMap,
    /// Small values, such as the state of a schedule. Floating-point numbers survive to the last bit.
    pub extra: Value,
}
