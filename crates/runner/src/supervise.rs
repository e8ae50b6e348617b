//! The queue, strictly in order: one worker process at a time, and what its end means for the rest.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use steadfast_config::OnFailure;
use steadfast_experiment::{
    FailureClass, FailureReport, RunResult, RunStatus, StopSignal, TrainError, failed_result, one_line,
};
use steadfast_state::{Document, StateManager};

use crate::args::{Isolation, LogFormatArg, OnFailureArg, ResumeMode, RunArgs};
use crate::attempts::Attempts;
use crate::batch::Queued;
use crate::console::Console;
use crate::fingerprint::made_by;
use crate::inspect::{Inspection, finished, inspect};
use crate::live::Live;
use crate::message::{Ending, Request};
use crate::number::{duration, plural};
use crate::process::Launcher;
use crate::render::Renderer;
use crate::row::{Row, RowStatus};
use crate::run::shown;
use crate::signals::Stop;
use crate::trackers::Trackers;

/// Steps of each experiment in a `--fast-dev-run`.
const FAST_DEV_STEPS: u64 = 2;

/// Everything the batch works with.
#[derive(Clone)]
pub(crate) struct Batch<'a> {
    pub(crate) launcher: Launcher<'a>,
    pub(crate) arguments: &'a RunArgs,
    pub(crate) console: Console,
    pub(crate) stop: Stop,
    pub(crate) state: StateManager,
    /// Programs of others that are told.
    pub(crate) trackers: Arc<Trackers>,
    pub(crate) environment: Value,
    /// What somebody sees who watches from another terminal.
    pub(crate) live: Arc<Live>,
    /// The run to fork from.
    pub(crate) parent: Option<String>,
}

impl Batch<'_> {
    /// Runs the queue and tells how each experiment ended.
    pub(crate) fn run(&self, queue: &[Queued]) -> Vec<Row> {
        let mut rows = Vec::with_capacity(queue.len());
        let mut aborted = false;
        if self.arguments.output.log_format == LogFormatArg::Text {
            self.console.begin_batch(queue.len());
        }
        for (index, queued) in queue.iter().enumerate() {
            if aborted || self.stop.requested() {
                rows.push(Row::not_run(queued));
                continue;
            }
            let row = self.run_one(queued, &format!("[{}/{}]", index + 1, queue.len()));
            self.console.tell_batch(|batch| batch.next(row.status == RowStatus::AlreadyCompleted));
            aborted = row.status.is_failure() && self.aborts_on_failure(queued);
            if aborted && index + 1 < queue.len() {
                self.console.line(&format!("  {} the rest is not run", self.console.style().warn("aborted")));
            }
            rows.push(row);
        }
        self.console.end_batch();
        rows
    }

    pub(crate) fn aborts_on_failure(&self, queued: &Queued) -> bool {
        match self.arguments.on_failure {
            _ if self.arguments.fail_fast => true,
            Some(wanted) => wanted == OnFailureArg::Abort,
            None => queued.on_failure == OnFailure::Abort,
        }
    }

    /// One experiment, with as many attempts as it is worth.
    pub(crate) fn run_one(&self, queued: &Queued, number: &str) -> Row {
        let style = self.console.style();
        let heading = format!("{} {}", style.dim(number), style.bold(self.shown(queued)));
        let started = Instant::now();
        if let Some(row) = self.skip_finished(queued, &heading, started) {
            return row;
        }
        self.console.line(&heading);
        if self.arguments.fresh
            && let Err(ending) = self.move_aside(queued)
        {
            return self.close(queued, ending, started);
        }
        let mut attempts = Attempts::read(&self.state, queued.name());
        let mut resume = self.arguments.resume;
        loop {
            let ending = self.attempt(queued, resume);
            // The first attempt has decided whether there may be a run; the next ones continue it.
            resume = ResumeMode::Auto;
            if self.is_worth_another(queued, &ending, &mut attempts) {
                continue;
            }
            return self.close(queued, ending, started);
        }
    }

    /// Counts a failure, on disk before anything is tried again, and decides whether it is.
    fn is_worth_another(&self, queued: &Queued, ending: &Ending, attempts: &mut Attempts) -> bool {
        let Ending::Failed { class, reason } = ending else {
            if !attempts.failures.is_empty() && matches!(ending, Ending::Ran { result } if result.is_completed()) {
                attempts.closed = true;
                self.write_attempts(queued, attempts);
            }
            return false;
        };
        if *class == FailureClass::Interrupted {
            return false;
        }
        attempts.add(FailureReport { class: *class, message: reason.clone() });
        let retries = self.arguments.retries.unwrap_or(queued.retries);
        let left = attempts.left(retries);
        let again = class.retry_can_help() && left > 0 && !self.stop.requested();
        attempts.closed = !again && !self.stop.requested();
        if retries > 0 {
            self.write_attempts(queued, attempts);
        }
        let style = self.console.style();
        if again {
            let left = plural(left.into(), "attempt");
            self.console.problem(&format!("  {} {reason}; trying again, {left} left", style.warn("failed")));
        } else if retries > 0 && !class.retry_can_help() {
            let why = format!("  not tried again: a failure of class {} would come again", class.name());
            self.console.problem(&style.dim(why));
        }
        again
    }

    fn write_attempts(&self, queued: &Queued, attempts: &Attempts) {
        if let Err(error) = attempts.write(&self.state, queued.name()) {
            tracing::warn!(error = one_line(&error), "the attempts could not be counted on disk");
        }
    }

    fn close(&self, queued: &Queued, ending: Ending, started: Instant) -> Row {
        let row = self.row(queued, ending, started.elapsed());
        self.trackers.changed(queued.name());
        self.announce(&row);
        row
    }

    /// A run that has nothing left to do for this very config. Its files are held against its newest checkpoint, and
    /// made anew where they differ; a run that turns out not to be finished goes on.
    fn skip_finished(&self, queued: &Queued, heading: &str, started: Instant) -> Option<Row> {
        if self.arguments.fresh {
            return None;
        }
        let result = finished(&self.state, queued)?;
        let mut notes = format!("{heading}  already complete: {}", plural(result.epochs, "epoch"));
        match inspect(&self.state, queued, &result) {
            Inspection::Sound => {}
            Inspection::MadeAnew(files) => {
                let files = format!("; made anew from the checkpoint: {}", files.join(", "));
                notes.push_str(&self.console.style().warn(files));
            }
            Inspection::Unfinished => return None,
            Inspection::Lost(reason) => {
                self.console.line(heading);
                return Some(self.close(queued, Ending::NoValidCheckpoint { reason }, started));
            }
        }
        self.console.line(&notes);
        self.trackers.changed(queued.name());
        let result = finished(&self.state, queued).unwrap_or(result);
        Some(Row::done(queued, RowStatus::AlreadyCompleted, result, started.elapsed()))
    }

    /// Starts the experiment once and waits for its end.
    fn attempt(&self, queued: &Queued, resume: ResumeMode) -> Ending {
        let request = Request {
            config: queued.config().clone(),
            supervisor: std::process::id(),
            results: self.arguments.results.clone(),
            sweep: self.state.sweep().map(str::to_owned),
            halting: queued.halting.clone(),
            resume,
            max_steps: self.arguments.max_steps,
            brief: self.arguments.fast_dev_run.then_some(FAST_DEV_STEPS),
            strike: None,
            made_by: made_by().clone(),
            parent: self.parent.clone(),
            environment: self.environment.clone(),
            log: self.launcher.log,
        };
        let mut renderer = Renderer::new(self.console.clone(), self.arguments.output.log_format);
        let mut live = self.live.watching(&shown(&self.state, queued.name()), &mut renderer);
        let mut observer = self.trackers.watching(queued.name(), &mut live);
        let ending = match self.arguments.isolation {
            Isolation::Process => self.launcher.run_process(&request, &mut observer, &self.stop),
            Isolation::None => self.launcher.run_here(&request, &mut observer, &self.stop),
        };
        renderer.finish();
        match ending {
            // It was asked to stop and died of that before it could answer.
            Ending::Failed { class: FailureClass::Killed, reason } if self.stop.requested() => {
                Ending::Failed { class: FailureClass::Interrupted, reason }
            }
            Ending::Failed { class, reason } => {
                if matches!(class, FailureClass::Killed | FailureClass::OutOfMemory | FailureClass::Other) {
                    self.record_death(queued, class, &reason);
                }
                Ending::Failed { class, reason }
            }
            ending => ending,
        }
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

    /// A process that died could not write its own result.
    fn record_death(&self, queued: &Queued, class: FailureClass, reason: &str) {
        let failure = FailureReport { class, message: reason.to_owned() };
        let written = self.state.open(queued.name()).map_err(TrainError::from).and_then(|mut folder| {
            let result = failed_result(&mut folder, &queued.plan, failure)?;
            let bytes = result.to_bytes().map_err(TrainError::Progress)?;
            Ok(folder.write_document(Document::Result, &bytes)?)
        });
        if let Err(error) = written {
            tracing::warn!(error = one_line(&error), "the failure could not be written to result.json");
        }
    }

    /// What the run is called in front of people.
    fn shown(&self, queued: &Queued) -> String {
        self.state.sweep().map_or_else(|| queued.name().to_owned(), |sweep| format!("{sweep}/{}", queued.name()))
    }

    /// Whether a run that stopped did so because a search wants to compare it.
    fn is_halted(&self, queued: &Queued, result: &RunResult) -> bool {
        queued.halting.as_ref().is_some_and(|halting| {
            let rows = self.state.metrics(queued.name()).unwrap_or_default();
            halting.due(&halting.curve(&rows), result.epochs).is_some()
        })
    }

    fn row(&self, queued: &Queued, ending: Ending, time: Duration) -> Row {
        let (status, reason) = match ending {
            Ending::Ran { result } => {
                let status = match result.status {
                    RunStatus::Completed => RowStatus::Completed,
                    _ if self.is_halted(queued, &result) => RowStatus::Paused,
                    _ => RowStatus::Interrupted,
                };
                return Row::done(queued, status, *result, time);
            }
            Ending::Failed { class: FailureClass::Interrupted, reason } => (RowStatus::Interrupted, reason),
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
            (RowStatus::Paused, _, Some(result)) => self.console.line(&format!(
                "{} after {} in {}{}",
                style.dim(label("paused")),
                plural(result.epochs, "epoch"),
                duration(row.time),
                best_text(result)
            )),
            (RowStatus::Interrupted, None, Some(result)) => self.console.problem(&format!(
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
