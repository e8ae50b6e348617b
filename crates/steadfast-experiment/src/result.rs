//! `result.json`: how a run ended, for people and programs.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::lineage::{Ancestor, Lineage};
use crate::{Best, FailureClass, Finish, Metrics, Progress, RunPlan};

/// Whether there is work left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Everything the config asks for is done.
    Completed,
    /// The run failed; `error` says why.
    Failed,
    /// The run was stopped and can continue.
    Interrupted,
}

/// Why a run failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureReport {
    /// The kind of failure.
    pub class: FailureClass,
    /// The message with all its causes, in one line.
    pub message: String,
}

/// The content of `result.json`. It holds no time, host or path, so that equal runs have equal files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunResult {
    /// The experiment.
    pub name: String,
    /// Whether there is work left.
    pub status: RunStatus,
    /// Epochs completed.
    pub epochs: u64,
    /// Optimizer steps done.
    pub steps: u64,
    /// True if early stopping ended the run before its last epoch.
    #[serde(default)]
    pub stopped_early: bool,
    /// The best epoch: `epoch`, `step` and its figures.
    pub best: Option<Map<String, Value>>,
    /// The last epoch, likewise.
    pub last: Option<Map<String, Value>>,
    /// What else the validation of the best epoch found: further metrics, a confusion matrix.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evaluation: Option<Value>,
    /// Trainable numbers of the model.
    pub parameters: Option<u64>,
    /// What somebody who applies the model needs beside its weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preprocessing: Option<Value>,
    /// SHA-256 of `config.json`.
    pub config_sha256: String,
    /// Fingerprint of the data.
    pub data_sha256: Option<String>,
    /// Why the run failed or was interrupted.
    pub error: Option<FailureReport>,
    /// `false` if the bytes need not be those of an uninterrupted run; absent otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub byte_identical: Option<bool>,
    /// Why they need not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub byte_identical_reason: Option<String>,
    /// The runs this one was forked from, the eldest first; absent if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lineage: Vec<Ancestor>,
    /// SHA-256 of `model_last.safetensors`.
    pub model_last_sha256: Option<String>,
    /// SHA-256 of `model_best.safetensors`.
    pub model_best_sha256: Option<String>,
}

/// What is known of a run besides its models.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Standing<'a> {
    pub(crate) progress: Option<&'a Progress>,
    pub(crate) parameters: Option<u64>,
    pub(crate) preprocessing: Option<&'a Value>,
    pub(crate) data_sha256: Option<&'a str>,
    pub(crate) lineage: Option<&'a Lineage>,
}

impl RunResult {
    /// What the state of a run says; the models' fingerprints are not in it.
    pub(crate) fn of(plan: &RunPlan, status: RunStatus, standing: Standing<'_>) -> Self {
        let Standing { progress, parameters, preprocessing, data_sha256, lineage } = standing;
        let (progress, lineage) = (progress.cloned().unwrap_or_default(), lineage.cloned().unwrap_or_default());
        // The step of the last row, not of the run: a run can be stopped in the middle of an epoch.
        let last_step = progress.step - progress.batch;
        let interruption = || FailureReport {
            class: FailureClass::Interrupted,
            message: format!("stopped after step {}; the same command continues", progress.step),
        };
        Self {
            name: plan.name.clone(),
            status,
            epochs: progress.epoch,
            steps: progress.step,
            stopped_early: progress.finished == Some(Finish::EarlyStopping),
            best: progress.best.as_ref().map(Best::row),
            last: progress.last.as_ref().map(|figures| row(progress.epoch, last_step, figures)),
            evaluation: sorted(progress.best.as_ref().and_then(|best| best.details.as_ref())),
            parameters,
            preprocessing: sorted(preprocessing),
            config_sha256: plan.config_sha256.clone(),
            data_sha256: data_sha256.map(str::to_owned),
            error: (status == RunStatus::Interrupted).then(interruption),
            byte_identical: lineage.not_identical.is_some().then_some(false),
            byte_identical_reason: lineage.not_identical,
            lineage: lineage.ancestors,
            model_last_sha256: None,
            model_best_sha256: None,
        }
    }

    /// Whether everything the config asks for is done.
    pub fn is_completed(&self) -> bool {
        self.status == RunStatus::Completed
    }

    /// The file's bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut bytes = serde_json::to_vec_pretty(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}

/// The same whether it has been through a checkpoint or not: there, keys are sorted.
fn sorted(value: Option<&Value>) -> Option<Value> {
    let mut value = value.cloned()?;
    value.sort_all_objects();
    Some(value)
}

/// One row of figures as it stands in `metrics.jsonl` and `result.json`.
pub(crate) fn row(epoch: u64, step: u64, metrics: &Metrics) -> Map<String, Value> {
    let mut row = Map::new();
    row.insert("epoch".to_owned(), epoch.into());
    row.insert("step".to_owned(), step.into());
    metrics.write_into(&mut row);
    row
}

impl Best {
    /// The best epoch as `result.json` shows it.
    pub(crate) fn row(&self) -> Map<String, Value> {
        row(self.epoch, self.step, &self.metrics)
    }
}
