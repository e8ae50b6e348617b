//! `result.json`: how a run ended, for people and programs.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Best, FailureClass, Metrics};

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
    /// Trainable numbers of the model.
    pub parameters: Option<u64>,
    /// SHA-256 of `config.json`.
    pub config_sha256: String,
    /// Fingerprint of the data.
    pub data_sha256: Option<String>,
    /// Why the run failed.
    pub error: Option<FailureReport>,
    /// SHA-256 of `model_last.safetensors`.
    pub model_last_sha256: Option<String>,
    /// SHA-256 of `model_best.safetensors`.
    pub model_best_sha256: Option<String>,
}

impl RunResult {
    /// A run that has nothing to show.
    pub fn failed(name: &str, config_sha256: &str, class: FailureClass, message: String) -> Self {
        Self {
            name: name.to_owned(),
            status: RunStatus::Failed,
            epochs: 0,
            steps: 0,
            stopped_early: false,
            best: None,
            last: None,
            parameters: None,
            config_sha256: config_sha256.to_owned(),
            data_sha256: None,
            error: Some(FailureReport { class, message }),
            model_last_sha256: None,
            model_best_sha256: None,
        }
    }

    /// The file's bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut bytes = serde_json::to_vec_pretty(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }
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
