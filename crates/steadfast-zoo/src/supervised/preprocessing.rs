//! What somebody who applies a model needs beside its weights.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use steadfast_experiment::ExperimentError;

use super::target_scale::TargetScale;
use super::task::Task;
use crate::datasets::{Dataset, Normalization, Targets};
use crate::models::ModelShape;

/// Samples that go through a model at once where no gradients are needed, at most.
const LARGEST_BATCH: usize = 256;

/// Numbers at either end of a model at once, at most: what lies between them is many times larger.
const LARGEST_END: usize = 1 << 22;

/// The shape of the model's ends, and what is done to numbers on their way in and out.
///
/// It is a function of config and data, so it is the same after every resume; `result.json` shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Preprocessing {
    pub(super) task: Task,
    /// Shape of one sample.
    pub(super) sample_shape: Vec<usize>,
    /// How many different tokens there are, if samples are made of tokens.
    pub(super) vocabulary: Option<usize>,
    /// Numbers in the output.
    pub(super) outputs: usize,
    /// Names of the classes, if there are any.
    pub(super) classes: Option<Vec<String>>,
    /// The stored whole number that means 1: 255 for pixels.
    pub(super) full_scale: f32,
    /// Taken out of the inputs.
    pub(super) normalization: Normalization,
    /// Taken out of the targets.
    pub(super) target_scale: TargetScale,
}

impl Preprocessing {
    pub(super) fn of(train: &Dataset, task: Task, normalization: &Normalization, scale: &TargetScale) -> Self {
        let features = train.features();
        let outputs = match task {
            Task::Reconstruction => features.sample_len(),
            Task::Classification | Task::Regression | Task::NextToken => train.targets().outputs(),
        };
        let classes = match (task, train.targets()) {
            (Task::Classification, Targets::Classes { class_names, .. }) => Some(class_names.clone()),
            _ => None,
        };
        Self {
            task,
            sample_shape: features.sample_shape().to_vec(),
            vocabulary: features.vocabulary(),
            outputs,
            classes,
            full_scale: features.full_scale(),
            normalization: normalization.clone(),
            target_scale: scale.clone(),
        }
    }

    /// Takes in what [`Preprocessing::to_json`] wrote.
    pub(super) fn from_json(value: &Value) -> Result<Self, ExperimentError> {
        let refused = |message: String| ExperimentError::State { message: format!("`preprocessing`: {message}") };
        let found = Self::deserialize(value).map_err(|error| refused(error.to_string()))?;
        let width = if found.task == Task::Regression { found.outputs } else { 0 };
        if !found.target_scale.fits(width) {
            return Err(refused("the scale of the targets does not fit the outputs".to_owned()));
        }
        Ok(found)
    }

    pub(super) fn to_json(&self) -> Option<Value> {
        // Finite numbers and texts only: it cannot fail.
        serde_json::to_value(self).ok()
    }

    /// How many samples go through the model at once where no gradients are needed.
    pub(super) fn batch_size(&self) -> usize {
        let inputs = self.sample_shape.iter().fold(1_usize, |product, length| product.saturating_mul(*length));
        let positions = if self.task == Task::NextToken { inputs } else { 1 };
        let end = inputs.max(self.outputs.saturating_mul(positions)).max(1);
        (LARGEST_END / end).clamp(1, LARGEST_BATCH)
    }

    /// What is asked of the model.
    pub(super) fn model_shape(&self) -> ModelShape {
        ModelShape {
            sample: self.sample_shape.clone(),
            vocabulary: self.vocabulary,
            outputs: self.outputs,
            each_position: self.task == Task::NextToken,
        }
    }
}
