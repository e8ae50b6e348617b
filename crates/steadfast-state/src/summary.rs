//! How a run stands, told from what is on disk and from its lock, not from what somebody last claimed.

use rustix::fs::FileType;
use serde_json::Value;

use crate::directory::Directory;
use crate::document::{self, Document};
use crate::error::StateError;
use crate::generation::{CHECKPOINTS, Generation};
use crate::lock::{self, LOCK_FILE, Occupancy};
use crate::metrics_log::METRICS_FILE;

/// Whether a run is over, and how it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RunStatus {
    /// A living process holds the run right now.
    Running,
    /// The run reached its end.
    Completed,
    /// The run ended with an error.
    Failed,
    /// The run was stopped or killed before its end; it can be gone on with.
    Interrupted,
}

impl RunStatus {
    /// The word used in `result.json` and in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        }
    }
}

/// How a run stands.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RunSummary {
    /// Name of the run.
    pub name: String,
    /// Whether it is over, and how it ended.
    pub status: RunStatus,
    /// Step of the newest checkpoint, by its name alone.
    pub step: Option<u64>,
    /// Process that holds the run, where it runs and left its number.
    pub pid: Option<u32>,
    /// `result.json`, where there is a readable one.
    pub result: Option<Value>,
}

/// Tells how the run in this folder stands.
pub(crate) fn summarize(name: &str, directory: &Directory) -> Result<RunSummary, StateError> {
    let generations = directory.child(CHECKPOINTS)?.map(|checkpoints| Generation::list(&checkpoints)).transpose()?;
    let step = generations.and_then(|mut generations| generations.pop()).map(|newest| newest.step);
    // A damaged result can be written again by the run, so it counts as none.
    let result = document::read(directory, Document::Result).ok().flatten();
    let result: Option<Value> = result.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    // Asked last: what was read while the run was running may be half of two states.
    let (status, pid) = match lock::occupancy(directory)? {
        Occupancy::Held(holder) => (RunStatus::Running, holder.map(|holder| holder.pid())),
        Occupancy::Free => (ended(result.as_ref(), step), None),
    };
    Ok(RunSummary { name: name.to_owned(), status, step, pid, result })
}

/// How a run that nobody holds has ended.
fn ended(result: Option<&Value>, newest: Option<u64>) -> RunStatus {
    let Some(result) = result else { return RunStatus::Interrupted };
    // A checkpoint beyond the result: the run was taken up again and killed before it could say how it ended.
    let steps = result.get("steps").and_then(Value::as_u64);
    if steps.zip(newest).is_some_and(|(steps, newest)| newest > steps) {
        return RunStatus::Interrupted;
    }
    match result.get("status").and_then(Value::as_str) {
        Some("completed") => RunStatus::Completed,
        Some("failed") => RunStatus::Failed,
        _ => RunStatus::Interrupted,
    }
}

/// Whether a name in the results folder is a run: a folder, not a link to one, with something of ours in it.
pub(crate) fn is_run(results: &Directory, name: &str) -> Result<bool, StateError> {
    let is_folder =
        results.stat(name)?.is_some_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Directory);
    let Some(directory) = is_folder.then(|| results.child(name)).transpose()?.flatten() else {
        return Ok(false);
    };
    for own in [LOCK_FILE, CHECKPOINTS, METRICS_FILE, Document::Config.file_name(), Document::Result.file_name()] {
        if directory.stat(own)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a folder lies on a file system of another machine.
pub(crate) fn is_on_network(directory: &Directory) -> bool {
    /// NFS, SMB, CIFS, SMB2, AFS, CODA, Ceph, Lustre.
    const TYPES: [u64; 8] =
        [0x6969, 0x517b, 0xff53_4d42, 0xfe53_4d42, 0x5346_414f, 0x7375_7245, 0x00c3_6400, 0x0bd0_0bd0];
    rustix::fs::fstatfs(directory).is_ok_and(|info| u64::try_from(info.f_type).is_ok_and(|kind| TYPES.contains(&kind)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{RunStatus, ended};

    #[test]
    fn an_old_result_does_not_speak_for_a_newer_checkpoint() {
        let result = |status: &str| json!({"status": status, "steps": 100});
        for (status, newest, expected) in [
            ("completed", Some(100), RunStatus::Completed),
            ("completed", Some(101), RunStatus::Interrupted),
            ("completed", None, RunStatus::Completed),
            ("failed", Some(100), RunStatus::Failed),
            ("interrupted", Some(100), RunStatus::Interrupted),
            ("running", Some(100), RunStatus::Interrupted),
        ] {
            assert_eq!(ended(Some(&result(status)), newest), expected, "{status} {newest:?}");
        }
        assert_eq!(ended(None, Some(1)), RunStatus::Interrupted);
        assert_eq!(ended(Some(&json!([])), None), RunStatus::Interrupted);
    }
}
