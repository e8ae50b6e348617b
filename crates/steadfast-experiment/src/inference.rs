//! A finished experiment put to use: its model on new samples, its figures on a part of its data.

use serde_json::Value;
use steadfast_state::{TensorData, TensorMap};

use crate::{ExperimentError, Metrics, StopSignal};

/// A part of an experiment's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// What gradients came from.
    Train,
    /// What chose the best epoch.
    Validation,
    /// What nothing was chosen by.
    Test,
}

impl Part {
    /// Its name, as in `--split test`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }
}

/// What was measured on a part of the data.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// How many samples there were.
    pub samples: u64,
    /// Every metric that has a meaning, by its plain name.
    pub metrics: Metrics,
    /// Names of classes, and how often the samples of each were taken for each other.
    pub confusion: Option<(Vec<String>, Vec<Vec<u64>>)>,
}

/// What an experiment can do beside training.
///
/// A model is prepared either by [`Experiment::load_data`](crate::Experiment::load_data) and
/// [`Experiment::build_model`](crate::Experiment::build_model), or by [`prepare`](Self::prepare), which needs no data.
pub trait Inference {
    /// Builds the model from what [`Experiment::preprocessing`](crate::Experiment::preprocessing) said when it was
    /// trained.
    fn prepare(&mut self, preprocessing: &Value) -> Result<(), ExperimentError>;

    /// Sets the model's weights: those of a model file.
    fn load_weights(&mut self, weights: &TensorMap) -> Result<(), ExperimentError>;

    /// The model's outputs for samples `[samples, ...shape of one]`. Unless they are `normalized` already, they are
    /// treated as training treated its own.
    fn predict(&mut self, samples: &TensorData, normalized: bool) -> Result<TensorData, ExperimentError>;

    /// Every metric on a part of the data; nothing if `stop` was asked for before the end. Needs the data.
    fn evaluate(&mut self, part: Part, stop: &dyn StopSignal) -> Result<Option<Evaluation>, ExperimentError>;
}
