//! One line of a batch: how an experiment ended, and what that means.

use std::time::Duration;

use steadfast_experiment::{FailureClass, RunResult};

use crate::batch::Queued;
use crate::exit_code::Exit;

/// How one experiment of the batch ended.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) status: RowStatus,
    /// What stands in its `result.json`, if there is one.
    pub(crate) result: Option<RunResult>,
    /// Why it did not complete.
    pub(crate) reason: Option<String>,
    /// Time spent on it in this batch.
    pub(crate) time: Duration,
}

/// The status column of the closing table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowStatus {
    Completed,
    AlreadyCompleted,
    Interrupted,
    /// Stopped by the search that it belongs to.
    Paused,
    Failed(FailureClass),
    Refused,
    Held,
    NoValidCheckpoint,
    NotRun,
}

impl Row {
    pub(crate) fn done(queued: &Queued, status: RowStatus, result: RunResult, time: Duration) -> Self {
        Self { name: queued.name().to_owned(), status, result: Some(result), reason: None, time }
    }

    pub(crate) fn not_run(queued: &Queued) -> Self {
        let name = queued.name().to_owned();
        Self { name, status: RowStatus::NotRun, result: None, reason: None, time: Duration::ZERO }
    }
}

impl RowStatus {
    /// Whether the failure policy has to decide.
    pub(crate) fn is_failure(self) -> bool {
        matches!(self, Self::Failed(_) | Self::Refused | Self::Held | Self::NoValidCheckpoint)
    }

    /// What the table says.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::AlreadyCompleted => "already complete",
            Self::Interrupted => "interrupted",
            Self::Paused => "paused",
            Self::Failed(_) => "failed",
            Self::Refused => "refused",
            Self::Held => "held",
            Self::NoValidCheckpoint => "no valid checkpoint",
            Self::NotRun => "not run",
        }
    }

    pub(crate) fn verb(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Held => "held",
            Self::Interrupted => "stopped",
            _ => "failed",
        }
    }

    /// What can be done about it.
    pub(crate) fn help(self) -> Option<&'static str> {
        match self {
            Self::Refused => Some("undo the change, branch off with --fork NEWNAME, or start anew with --fresh"),
            Self::NoValidCheckpoint => Some("the damaged files are kept; start anew with --fresh"),
            Self::Held => Some("wait for the other process, or stop it"),
            _ => None,
        }
    }

    /// What it means for the program's exit code.
    pub(crate) fn exit(self) -> Exit {
        match self {
            Self::Completed | Self::AlreadyCompleted | Self::Paused => Exit::Done,
            Self::Failed(FailureClass::Storage) => Exit::Storage,
            Self::Failed(_) | Self::NotRun => Exit::Failed,
            // Without a signal to this process: its steps were counted, or someone stopped the worker alone.
            Self::Interrupted => Exit::Terminated,
            Self::Refused => Exit::ResumeRefused,
            Self::Held => Exit::Held,
            Self::NoValidCheckpoint => Exit::NoValidCheckpoint,
        }
    }
}
