//! What a worker process is told, and what it tells: one JSON document in, JSON lines out.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use steadfast_experiment::{Event, FailureClass, MadeBy, RunResult};

use crate::args::{LogFormatArg, LogLevel, ResumeMode};
use crate::halting::Halting;
use crate::step_watch::Strike;

/// Everything a worker needs, on its standard input. Configs are frozen in here: editing a file later changes nothing.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Request {
    /// The complete config.
    pub(crate) config: Value,
    /// Process that started the worker; the worker does not outlive it by more than a step.
    pub(crate) supervisor: u32,
    /// The results folder.
    pub(crate) results: PathBuf,
    /// The sweep inside of it that the run belongs to.
    #[serde(default)]
    pub(crate) sweep: Option<String>,
    /// What to do with a run that exists.
    pub(crate) resume: ResumeMode,
    /// Steps after which to stop, resumable.
    pub(crate) max_steps: Option<u64>,
    /// Steps that each epoch is cut down to, to see that everything works.
    #[serde(default)]
    pub(crate) brief: Option<u64>,
    /// Where to stop because a search wants to compare.
    #[serde(default)]
    pub(crate) halting: Option<Halting>,
    /// A signal at a chosen step, when the resume is being put to the proof.
    pub(crate) strike: Option<Strike>,
    /// Content of `environment.json`.
    pub(crate) environment: Value,
    /// Fingerprints of this program and machine.
    pub(crate) made_by: MadeBy,
    /// The run to fork from.
    pub(crate) parent: Option<String>,
    /// How to log.
    pub(crate) log: LogRequest,
}

/// How a worker logs.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct LogRequest {
    /// Level of the file.
    pub(crate) level: LogLevel,
    /// Level of the console.
    pub(crate) console_level: LogLevel,
    /// Form of both.
    pub(crate) format: LogFormatArg,
    /// Whether the console takes colors.
    pub(crate) color: bool,
}

/// One line of a worker's standard output.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "message", rename_all = "snake_case")]
pub(crate) enum Message {
    /// Something happened in the run.
    Event {
        /// What.
        event: Event,
    },
    /// The run ended; nothing follows.
    Ended {
        /// How.
        ending: Ending,
    },
}

/// How one attempt at an experiment ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "ending", rename_all = "snake_case")]
pub(crate) enum Ending {
    /// Completed, or interrupted and resumable: `result.status` tells which.
    Ran {
        /// What stands in `result.json`.
        result: Box<RunResult>,
    },
    /// The experiment failed.
    Failed {
        /// The kind of failure.
        class: FailureClass,
        /// All causes in one line.
        reason: String,
    },
    /// The checkpoint does not belong to this config or this data.
    Refused {
        /// What differs.
        reason: String,
    },
    /// Another process holds the run.
    Held {
        /// Which.
        reason: String,
    },
    /// There are checkpoints, but none is valid; or one was demanded and there is none.
    NoValidCheckpoint {
        /// What was found.
        reason: String,
    },
}
