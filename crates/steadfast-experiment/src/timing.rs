//! `timing.json`: every clock of a run, kept apart from the files that are compared byte by byte.

use serde::{Deserialize, Serialize};

/// The content of `timing.json`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Timing {
    /// How often the run was started or resumed.
    pub starts: u64,
    /// Seconds of all starts together, until the file was written.
    pub total_s: f64,
    /// Seconds until the first step of the latest start: reading data, building the model, restoring.
    pub prepare_s: f64,
    /// Largest resident memory of the process in bytes, where the system tells.
    pub peak_memory_bytes: Option<u64>,
    /// One entry for each epoch; an epoch trained twice after a crash counts the last time only.
    pub epochs: Vec<EpochTiming>,
}

/// The clocks of one epoch.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct EpochTiming {
    /// The epoch, from 1.
    pub epoch: u64,
    /// Seconds in training steps.
    pub train_s: f64,
    /// Seconds in validation.
    pub validate_s: f64,
    /// Seconds in checkpoints since the epoch before.
    pub checkpoint_s: f64,
    /// Training samples per second of training time.
    pub samples_per_s: f64,
}

impl Timing {
    /// The clocks of a run that is started again after `epochs` complete epochs. An unreadable file counts as none:
    /// clocks are never worth a failed run.
    pub(crate) fn resume(bytes: Option<&[u8]>, epochs: u64) -> Self {
        let mut timing: Self = bytes.and_then(|bytes| serde_json::from_slice(bytes).ok()).unwrap_or_default();
        timing.starts += 1;
        timing.epochs.retain(|entry| entry.epoch <= epochs);
        timing
    }
}
