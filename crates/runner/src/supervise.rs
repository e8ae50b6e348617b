//! The queue, strictly in order: one worker process at a time, and what its end means for the rest.

use std::time::{Duration, Instant};

use serde_json::Value;
use steadfast_config::OnFailure;
use steadfast_experiment::{FailureClass, RunResult, RunStatus, StopSignal};
use steadfast_state::{Document, StateManager};

use crate::args::{Isolation, OnFailureArg, ResumeMode, RunArgs};
use crate::batch::Queued;
use crate::console::Console;
use crate::exit_code::Exit;
use crate::message::{Ending, Request};
use crate::number::{duration, plural};
use crate::process::Launcher;
use crate::render::Renderer;
use crate::signals::Stop;

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
    Failed(FailureClass),
    Refused,
    Held,
    NoValidCheckpoint,
    NotRun,
}

/// Everything the batch works with.
pub(crate) struct Batch<'a> {
    pub(crate) launcher: Launcher<'a>,
    pub(crate) arguments: &'a RunArgs,
    pub(crate) console: Console,
    pub(crate) stop: Stop,
    pub(crate) state: StateManager,
    pub(crate) environment: Value,
}

impl Batch<'_> {
    /// Runs the queue and tells how each experiment ended.
    pub(crate) fn run(&self, queue: &[Queued]) -> Vec<Row> {
        let mut rows = Vec::with_capacity(queue.len());
        let mut aborted = false;
        for (index, queued) in queue.iter().enumerate() {
            if aborted || self.stop.requested() {
                rows.push(Row::not_run(queued));
                continue;
            }
            let row = self.run_one(queued, &format!("[{}/{}]", index + 1, queue.len()));
            aborted = row.status.is_failure() && self.aborts_on_failure(queued);
            if aborted && index + 1 < queue.len() {
                self.console.line(&format!("  {} the rest is not run", self.console.style().warn("aborted")));
            }
            rows.push(row);
        }
        rows
    }

    fn aborts_on_failure(&self, queued: &Queued) -> bool {
        match self.arguments.on_failure {
            _ if self.arguments.fail_fast => true,
            Some(wanted) => wanted == OnFailureArg::Abort,
            None => queued.on_failure == OnFailure::Abort,
        }
    }

    /// One experiment, with as many attempts as it is worth.
    fn run_one(&self, queued: &Queued, number: &str) -> Row {
        let style = self.console.style();
        let heading = format!("{} {}", style.dim(number), style.bold(queued.name()));
        let started = Instant::now();
        if let Some(result) = self.finished(queued) {
            self.console.line(&format!("{heading}  already complete: {}", plural(result.epochs, "epoch")));
            return Row::done(queued, RowStatus::AlreadyCompleted, result, started.elapsed());
        }
        self.console.line(&heading);
        if self.arguments.fresh
            && let Err(ending) = self.move_aside(queued)
        {
            return self.close(queued, ending, started);
        }
        let mut attempts = self.arguments.retries.unwrap_or(queued.retries);
        let mut resume = self.arguments.resume;
        loop {
            let ending = self.attempt(queued, resume);
            // The first attempt has decided whether there may be a run; the next ones continue it.
            resume = ResumeMode::Auto;
            if let Ending::Failed { class, reason } = &ending
                && class.retry_can_help()
                && attempts > 0
                && !self.stop.requested()
            {
                attempts -= 1;
                let left = plural(attempts.into(), "attempt");
                self.console.problem(&format!("  {} {reason}; trying again, {left} left", style.warn("failed")));
                continue;
            }
            return self.close(queued, ending, started);
        }
    }

    fn close(&self, queued: &Queued, ending: Ending, started: Instant) -> Row {
        let row = self.row(queued, ending, started.elapsed());
        self.announce(&row);
        row
    }

    /// The result of a run that has nothing left to do for this very config.
    fn finished(&self, queued: &Queued) -> Option<RunResult> {
        if self.arguments.fresh {
            return None;
        }
        let bytes = self.state.document(queued.name(), Document::Result).ok()??;
        let result: RunResult = serde_json::from_slice(&bytes).ok()?;
        let same = result.status == RunStatus::Completed && result.config_sha256 == queued.plan.config_sha256;
        same.then_some(result)
    }

    /// Starts the experiment once and waits for its end.
    fn attempt(&self, queued: &Queued, resume: ResumeMode) -> Ending {
        let request = Request {
            config: queued.config().clone(),
            supervisor: std::process::id(),
            results: self.arguments.results.clone(),
            resume,
            max_steps: self.arguments.max_steps,
            strike: None,
            environment: self.environment.clone(),
            log: self.launcher.log,
        };
        let mut renderer = Renderer::new(self.console.clone(), self.arguments.output.log_format);
        let ending = match self.arguments.isolation {
            Isolation::Process => self.launcher.run_process(&request, &mut renderer, &self.stop),
            Isolation::None => self.launcher.run_here(&request, &mut renderer, &self.stop),
        };
        renderer.finish();
        if let Ending::Failed { class: FailureClass::Killed, reason } = &ending {
            self.record_killed(queued, reason);
        }
        ending
    }

    fn move_aside(&self, queued: &Queued) -> Result<(), Ending> {
        match self.state.set_aside(queued.name()) {
            Ok(None) => Ok(()),
            Ok(Some(path)) => {
                let moved = format!("  the old run is kept as {}", path.display());
                self.console.line(&self.console.style().dim(moved));
                Ok(())
            }
            Err(error) => Err(crate::worker::state_ending(&error)),
        }
    }

    /// A killed process cannot write its own result.
    fn record_killed(&self, queued: &Queued, reason: &str) {
        let result =
            RunResult::failed(queued.name(), &queued.plan.config_sha256, FailureClass::Killed, reason.to_owned());
        let written = self.state.open(queued.name()).and_then(|folder| {
            let bytes = result.to_bytes().unwrap_or_default();
            folder.write_document(Document::Result, &bytes)
        });
        if let Err(error) = written {
            tracing::warn!(%error, "the failure could not be written to result.json");
        }
    }

    fn row(&self, queued: &Queued, ending: Ending, time: Duration) -> Row {
        let (status, reason) = match ending {
            Ending::Ran { result } => {
                let status = match result.status {
                    RunStatus::Completed => RowStatus::Completed,
                    _ => RowStatus::Interrupted,
                };
                return Row::done(queued, status, *result, time);
            }
            Ending::Failed { class, reason } => (RowStatus::Failed(class), reason),
            Ending::Refused { reason } => (RowStatus::Refused, reason),
            Ending::Held { reason } => (RowStatus::Held, reason),
            Ending::NoValidCheckpoint { reason } => (RowStatus::NoValidCheckpoint, reason),
        };
        let result = self
            .state
            .document(queued.name(), Document::Result)
            .ok()
            .flatten()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok());
        Row { name: queued.name().to_owned(), status, result, reason: Some(reason), time }
    }

    /// The closing line of an experiment.
    fn announce(&self, row: &Row) {
        let style = self.console.style();
        let label = |text: &str| format!("  {text:<7}");
        match (row.status, &row.reason, &row.result) {
            (RowStatus::Completed, _, Some(result)) => self.console.line(&format!(
                "{} {} in {}{}",
                style.good(label("done")),
                plural(result.epochs, "epoch"),
                duration(row.time),
                best_text(result)
            )),
            (RowStatus::Interrupted, _, Some(result)) => self.console.problem(&format!(
                "{} at epoch {}, step {}; everything is saved, the same command continues",
                style.warn(label("stopped")),
                result.epochs + 1,
                result.steps
            )),
            (status, reason, _) => {
                let reason = reason.as_deref().unwrap_or("no reason was given");
                self.console.problem(&format!("{} {reason}", style.bad(label(status.verb()))));
                if let Some(help) = status.help() {
                    self.console.problem(&style.dim(format!("          {help}")));
                }
            }
        }
    }
}

/// `, best epoch 9: val_loss 0.1, val_accuracy 0.98`.
fn best_text(result: &RunResult) -> String {
    let Some(best) = &result.best else { return String::new() };
    let epoch = best.get("epoch").map(Value::to_string).unwrap_or_default();
    let figures: Vec<String> = best
        .iter()
        .filter(|(name, _)| name.starts_with("val_"))
        .filter_map(|(name, value)| Some(format!("{name} {}", crate::number::metric(value.as_f64()?))))
        .collect();
    format!(", best epoch {epoch}: {}", figures.join(", "))
}

impl Row {
    fn done(queued: &Queued, status: RowStatus, result: RunResult, time: Duration) -> Self {
        Self { name: queued.name().to_owned(), status, result: Some(result), reason: None, time }
    }

    fn not_run(queued: &Queued) -> Self {
        let name = queued.name().to_owned();
        Self { name, status: RowStatus::NotRun, result: None, reason: None, time: Duration::ZERO }
    }
}

impl RowStatus {
    /// Whether the failure policy has to decide.
    fn is_failure(self) -> bool {
        matches!(self, Self::Failed(_) | Self::Refused | Self::Held | Self::NoValidCheckpoint)
    }

    /// What the table says.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::AlreadyCompleted => "already complete",
            Self::Interrupted => "interrupted",
            Self::Failed(_) => "failed",
            Self::Refused => "refused",
            Self::Held => "held",
            Self::NoValidCheckpoint => "no valid checkpoint",
            Self::NotRun => "not run",
        }
    }

    fn verb(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Held => "held",
            _ => "failed",
        }
    }

    /// What can be done about it.
    fn help(self) -> Option<&'static str> {
        match self {
            Self::Refused => Some("undo the change, give the experiment another name, or start anew with --fresh"),
            Self::NoValidCheckpoint => Some("the damaged files are kept; start anew with --fresh"),
            Self::Held => Some("wait for the other process, or stop it"),
            _ => None,
        }
    }

    /// What it means for the program's exit code.
    pub(crate) fn exit(self) -> Exit {
        match self {
            Self::Completed | Self::AlreadyCompleted => Exit::Done,
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
