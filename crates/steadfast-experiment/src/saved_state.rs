//! What a checkpoint holds beside raw numbers, and whether it belongs to the run that wants it.
//!
//! A checkpoint is one [`Snapshot`]. Its tensors carry a prefix that says whose they are: `model/`, `optimizer/` and,
//! where the best epoch is not the one being saved, `best/`.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use steadfast_config::{Change, Role, diff, trajectory_view};
use steadfast_state::{Snapshot, TensorMap};

use crate::lineage::{Lineage, MadeBy};
use crate::result::Standing;
use crate::{ExperimentState, Progress, RunPlan, TrainError};

const MODEL: &str = "model/";
const OPTIMIZER: &str = "optimizer/";
const BEST: &str = "best/";

/// The JSON part of a checkpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct SavedState {
    /// The complete config of the run that saved.
    pub(crate) config: Value,
    /// Fingerprint of its data.
    pub(crate) data_sha256: String,
    /// How far it had come.
    pub(crate) progress: Progress,
    /// Trainable numbers of the model.
    #[serde(default)]
    pub(crate) parameters: Option<u64>,
    /// What somebody who applies the model needs beside its weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) preprocessing: Option<Value>,
    /// What computed the state.
    #[serde(default)]
    pub(crate) made_by: Option<MadeBy>,
    /// Where the state comes from.
    #[serde(default)]
    pub(crate) lineage: Lineage,
    /// True if the saved model is itself the best one, so that it need not be stored twice.
    pub(crate) model_is_best: bool,
    /// Small values of the experiment's own.
    pub(crate) extra: Value,
}

/// A checkpoint taken apart.
#[derive(Debug)]
pub(crate) struct Restored {
    pub(crate) saved: SavedState,
    pub(crate) state: ExperimentState,
    /// The model of the best epoch, if there was one.
    pub(crate) best_model: Option<TensorMap>,
}

/// Puts a checkpoint together.
pub(crate) fn to_snapshot(
    mut saved: SavedState,
    state: ExperimentState,
    best_model: Option<&TensorMap>,
) -> Result<Snapshot, serde_json::Error> {
    saved.model_is_best = best_model.is_some_and(|best| *best == state.model);
    let mut tensors = TensorMap::new();
    if let Some(best) = best_model.filter(|_| !saved.model_is_best) {
        tensors.extend(best.iter().map(|(name, tensor)| (format!("{BEST}{name}"), tensor.clone())));
    }
    tensors.extend(state.model.into_iter().map(|(name, tensor)| (format!("{MODEL}{name}"), tensor)));
    tensors.extend(state.optimizer.into_iter().map(|(name, tensor)| (format!("{OPTIMIZER}{name}"), tensor)));
    let step = saved.progress.step;
    Ok(Snapshot { step, state: serde_json::to_value(saved)?, tensors })
}

/// Takes a checkpoint apart.
pub(crate) fn from_snapshot(snapshot: Snapshot) -> Result<Restored, TrainError> {
    let saved: SavedState = serde_json::from_value(snapshot.state).map_err(TrainError::Progress)?;
    let (mut model, mut optimizer, mut best) = (TensorMap::new(), TensorMap::new(), TensorMap::new());
    for (name, tensor) in snapshot.tensors {
        if let Some(name) = name.strip_prefix(MODEL) {
            model.insert(name.to_owned(), tensor);
        } else if let Some(name) = name.strip_prefix(OPTIMIZER) {
            optimizer.insert(name.to_owned(), tensor);
        } else if let Some(name) = name.strip_prefix(BEST) {
            best.insert(name.to_owned(), tensor);
        }
    }
    let best_model = saved.progress.best.is_some().then(|| if saved.model_is_best { model.clone() } else { best });
    let state = ExperimentState { model, optimizer, extra: saved.extra.clone() };
    Ok(Restored { saved, state, best_model })
}

impl SavedState {
    /// What `result.json` is made from.
    pub(crate) fn standing(&self) -> Standing<'_> {
        Standing {
            progress: Some(&self.progress),
            parameters: self.parameters,
            preprocessing: self.preprocessing.as_ref(),
            data_sha256: Some(&self.data_sha256),
            lineage: Some(&self.lineage),
        }
    }

    /// Refuses a checkpoint whose config would have trained differently.
    pub(crate) fn check_config(&self, plan: &RunPlan) -> Result<(), TrainError> {
        let differences = diff(&trajectory_view(&self.config), &trajectory_view(&plan.resolved));
        let reason = match differences.as_slice() {
            [] => return Ok(()),
            [only] if only.role == Role::Horizon => match self.check_epochs(plan) {
                None => return Ok(()),
                Some(reason) => reason,
            },
            all => {
                let lines: Vec<String> = all.iter().map(in_words).collect();
                format!("the config differs from the one that was trained: {}", lines.join("; "))
            }
        };
        Err(TrainError::Refused { reason })
    }

    /// More epochs simply continue, unless what was trained so far already depended on their number.
    fn check_epochs(&self, plan: &RunPlan) -> Option<String> {
        let wanted = plan.settings.epochs;
        let done = self.progress.epoch;
        if wanted < done || (wanted == done && self.progress.batch > 0) {
            return Some(format!("the config asks for {wanted} epochs, but {done} are already trained"));
        }
        plan.depends_on_epochs.then(|| {
            format!("the config now asks for {wanted} epochs, but its learning-rate schedule depends on their number")
        })
    }

    /// Refuses to go on with a run of another origin than the one that was asked for.
    pub(crate) fn check_parent(&self, parent: &str) -> Result<(), TrainError> {
        if self.lineage.ancestors.last().is_some_and(|ancestor| ancestor.name == parent) {
            return Ok(());
        }
        let name = self.config.get("name").and_then(Value::as_str).unwrap_or("it");
        Err(TrainError::Refused { reason: format!("`{name}` exists already, and is no fork of `{parent}`") })
    }

    /// Refuses a fork that has nothing to train.
    pub(crate) fn check_fork(&self, plan: &RunPlan, parent: &str) -> Result<(), TrainError> {
        let (wanted, done) = (plan.settings.epochs, self.progress.epoch);
        if wanted > done {
            return Ok(());
        }
        let reason = format!("the fork asks for {wanted} epochs, but `{parent}` has trained {done} already");
        Err(TrainError::Refused { reason })
    }

    /// Whether the best epoch was chosen as this plan would choose it.
    pub(crate) fn has_monitor_of(&self, plan: &RunPlan) -> bool {
        let value = |config: &Value, key: &str| config.get("checkpoint").and_then(|section| section.get(key).cloned());
        ["monitor", "mode"].into_iter().all(|key| value(&self.config, key) == value(&plan.resolved, key))
    }

    /// What a fork changes, in words; its name is no change.
    pub(crate) fn changes(&self, plan: &RunPlan) -> Vec<String> {
        let changes = diff(&self.config, &plan.resolved);
        changes.iter().filter(|change| change.path.to_string() != "name").map(in_words).collect()
    }

    /// Refuses a checkpoint that was trained on other data.
    pub(crate) fn check_data(&self, sha256: &str) -> Result<(), TrainError> {
        if self.data_sha256 == sha256 {
            return Ok(());
        }
        let reason = format!(
            "the data differs from what was trained on: its fingerprint was {}, now it is {}",
            short(&self.data_sha256),
            short(sha256)
        );
        Err(TrainError::Refused { reason })
    }
}

/// `hyperparams.lr was 0.1, now 0.2`.
fn in_words(change: &Change) -> String {
    let value = |value: &Option<Value>| value.as_ref().map_or_else(|| "absent".to_owned(), Value::to_string);
    format!("`{}` was {}, now it is {}", change.path, value(&change.before), value(&change.after))
}

/// Enough of a fingerprint to tell two apart.
fn short(sha256: &str) -> &str {
    sha256.get(..12).unwrap_or(sha256)
}
