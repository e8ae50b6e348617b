//! One experiment from start to end: the process that holds the run's folder, or the same inside the supervisor.

use std::any::Any;
use std::io::{self, Read, Write};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use rustix::process::{Signal, getppid, set_parent_process_death_signal};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use steadfast_config::{ConfigManager, ExperimentConfig, Problems};
use steadfast_experiment::{
    Event, ExperimentFactory, FailureClass, FailureReport, Observer, Parent, Prepared, RunPlan, RunStatus, StopSignal,
    TrainContext, TrainError, failed_result, one_line, train,
};
use steadfast_state::{Document, RunFolder, StateError, StateManager};

use crate::args::ResumeMode;
use crate::brief::Brief;
use crate::exit_code::Exit;
use crate::halting::HaltWatch;
use crate::log_observer::LogObserver;
use crate::message::{Ending, Message, Request};
use crate::signals::survive_file_limit;
use crate::step_watch::StepWatch;
use crate::{logs, memory};

/// Steps are told at most this often; a bar cannot show more.
const STEP_INTERVAL: Duration = Duration::from_millis(100);

/// The body of a worker process: a request on standard input, messages on standard output.
pub(crate) fn main(factory: &ExperimentFactory) -> Exit {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT, SIGHUP] {
        if signal_hook::flag::register(signal, Arc::clone(&stop)).is_err() {
            return Exit::Internal;
        }
    }
    if survive_file_limit().is_err() {
        return Exit::Internal;
    }
    // If the supervisor dies, finish the step, save and go.
    let _ = set_parent_process_death_signal(Some(Signal::TERM));
    let Some(request) = read_request() else {
        return Exit::Internal;
    };
    if getppid().is_none_or(|parent| parent.as_raw_nonzero().get().cast_unsigned() != request.supervisor) {
        // It died before it could be watched.
        return Exit::Terminated;
    }
    memory::go_first();
    join_thread_pool();
    let mut messages = MessageWriter { last_step: None };
    let ending = match logs::install_in_worker(request.log) {
        Ok(()) => run(factory, &request, &mut messages, &*stop),
        Err(error) => Ending::Failed { class: FailureClass::Other, reason: one_line(&error) },
    };
    let exit = exit_of(&ending);
    send(&Message::Ended { ending });
    exit
}

/// Makes this thread one of the pool's: a step hands its work over without waking anybody.
fn join_thread_pool() {
    // Only a pool that exists already is an error, and then it is used as it is.
    let _ = rayon::ThreadPoolBuilder::new().use_current_thread().build_global();
}

fn read_request() -> Option<Request> {
    let mut text = String::new();
    io::stdin().lock().read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

/// Runs one experiment and tells how it ended, whatever happens in it.
pub(crate) fn run(
    factory: &ExperimentFactory,
    request: &Request,
    observer: &mut dyn Observer,
    stop: &dyn StopSignal,
) -> Ending {
    let source = ConfigManager::from_text("config.json", &request.config.to_string());
    let mut problems = Problems::new();
    let prepared = source.as_ref().ok().and_then(|config| factory.prepare(config, &mut problems));
    let (Ok(config), Some(prepared)) = (&source, prepared) else {
        // It passed the same checks a moment ago.
        let reason = "the config could not be read back; this is a bug".to_owned();
        return Ending::Failed { class: FailureClass::Config, reason };
    };
    let plan = RunPlan::new(config, &prepared);
    let state = match state_of(request) {
        Ok(state) => state,
        Err(error) => return state_ending(&error),
    };
    match open(&state, &plan, config, request) {
        Ok(mut folder) => {
            let log = logs::attach(&folder);
            let ending = train_in(&mut folder, Ready { plan, prepared, request, state }, observer, stop);
            log_ending(&ending);
            drop(log);
            ending
        }
        Err(ending) => ending,
    }
}

/// Where the run is kept: in the results folder, or in that of its sweep.
fn state_of(request: &Request) -> Result<StateManager, StateError> {
    let results = StateManager::new(&request.results).with_supervisor(request.supervisor);
    request.sweep.as_ref().map_or(Ok(results.clone()), |sweep| results.in_sweep(sweep))
}

/// Locks the run's folder, if the run may be continued or started as asked. A refusal leaves nothing behind.
fn open(
    state: &StateManager,
    plan: &RunPlan,
    config: &ExperimentConfig,
    request: &Request,
) -> Result<RunFolder, Ending> {
    let summary = state.summary(&plan.name).map_err(|error| state_ending(&error))?;
    let exists = summary.is_some_and(|summary| summary.step.is_some());
    match request.resume {
        ResumeMode::Never if exists => {
            let reason = "the run exists already, and --resume never was given".to_owned();
            return Err(Ending::Refused { reason });
        }
        ResumeMode::Must if !exists => {
            let reason = "there is no checkpoint to resume from, and --resume must was given".to_owned();
            return Err(Ending::NoValidCheckpoint { reason });
        }
        _ => {}
    }
    let mut folder = state.open(&plan.name).map_err(|error| state_ending(&error))?;
    folder.set_keep(config.checkpoint.keep);
    Ok(folder)
}

/// An experiment with everything that has to be known before its folder is opened.
struct Ready<'a> {
    plan: RunPlan,
    prepared: Prepared,
    request: &'a Request,
    state: StateManager,
}

/// Trains in a folder that is open. A panic is a failure like any other.
fn train_in(folder: &mut RunFolder, ready: Ready<'_>, observer: &mut dyn Observer, stop: &dyn StopSignal) -> Ending {
    let Ready { plan, prepared, request, state } = ready;
    let environment = format!("{:#}\n", request.environment).into_bytes();
    let mut observer = LogObserver::new(observer);
    let halting =
        request.halting.clone().map(|halting| HaltWatch::new(halting, &state.metrics(&plan.name).unwrap_or_default()));
    let watch = StepWatch::new(stop, request.max_steps, request.strike, folder.path().join("checkpoints"));
    let watch = watch.with_halting(halting);
    let mut observer = watch.counting(&mut observer);
    let trained = panic::catch_unwind(AssertUnwindSafe(|| {
        let mut experiment = (prepared.build)();
        if let Some(steps) = request.brief {
            experiment = Box::new(Brief::new(experiment, steps));
        }
        let context = TrainContext {
            plan: &plan,
            folder,
            observer: &mut observer,
            stop: &watch,
            environment: &environment,
            made_by: &request.made_by,
            parent: request.parent.as_deref().map(|name| Parent { name, state: &state }),
            peak_memory: memory::peak,
        };
        train(context, &mut *experiment)
    }));
    match trained {
        Ok(Ok(outcome)) => Ending::Ran { result: Box::new(outcome.result) },
        Ok(Err(error)) => ending_of(&error),
        Err(payload) => {
            let reason = format!("the experiment panicked: {}", panic_text(&*payload));
            record_panic(folder, &plan, &reason);
            Ending::Failed { class: FailureClass::Panic, reason }
        }
    }
}

fn record_panic(folder: &mut RunFolder, plan: &RunPlan, reason: &str) {
    let failure = FailureReport { class: FailureClass::Panic, message: reason.to_owned() };
    let written = failed_result(folder, plan, failure).and_then(|result| {
        let bytes = result.to_bytes().map_err(TrainError::Progress)?;
        Ok(folder.write_document(Document::Result, &bytes)?)
    });
    if let Err(error) = written {
        tracing::warn!(error = one_line(&error), "the failure could not be written to result.json");
    }
}

/// What was said in a panic.
fn panic_text(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("no message")
}

fn ending_of(error: &TrainError) -> Ending {
    match error {
        TrainError::Refused { reason } => Ending::Refused { reason: reason.clone() },
        TrainError::State(error) => state_ending(error),
        error => Ending::Failed { class: error.class(), reason: one_line(error) },
    }
}

/// What an error of the run's folder means for the batch.
pub(crate) fn state_ending(error: &StateError) -> Ending {
    let reason = one_line(error);
    match error {
        StateError::Held { .. } => Ending::Held { reason },
        StateError::NoValidCheckpoint { .. } => Ending::NoValidCheckpoint { reason },
        _ => Ending::Failed { class: FailureClass::Storage, reason },
    }
}

fn log_ending(ending: &Ending) {
    match ending {
        Ending::Ran { result } => {
            tracing::info!(status = ?result.status, epochs = result.epochs, steps = result.steps, "ended");
        }
        Ending::Failed { class, reason } => {
            tracing::error!(target: "steadfast::end", class = class.name(), "failed: {reason}");
        }
        Ending::Refused { reason } | Ending::Held { reason } | Ending::NoValidCheckpoint { reason } => {
            tracing::error!(target: "steadfast::end", "not run: {reason}");
        }
    }
}

/// The exit code of the worker process itself, for those who look at processes.
fn exit_of(ending: &Ending) -> Exit {
    match ending {
        Ending::Ran { result } if result.status == RunStatus::Completed => Exit::Done,
        Ending::Ran { .. } => Exit::Terminated,
        Ending::Failed { class: FailureClass::Storage, .. } => Exit::Storage,
        Ending::Failed { .. } => Exit::Failed,
        Ending::Refused { .. } => Exit::ResumeRefused,
        Ending::Held { .. } => Exit::Held,
        Ending::NoValidCheckpoint { .. } => Exit::NoValidCheckpoint,
    }
}

/// Writes messages as lines to standard output. A supervisor that is gone is no reason to lose work: errors are
/// ignored.
struct MessageWriter {
    last_step: Option<Instant>,
}

fn send(message: &Message) {
    if let Ok(mut line) = serde_json::to_vec(message) {
        line.push(b'\n');
        let mut stdout = io::stdout().lock();
        let _ = stdout.write_all(&line).and_then(|()| stdout.flush());
    }
}

impl Observer for MessageWriter {
    fn notice(&mut self, event: &Event) {
        if matches!(event, Event::Step { .. }) {
            if self.last_step.is_some_and(|last| last.elapsed() < STEP_INTERVAL) {
                return;
            }
            self.last_step = Some(Instant::now());
        }
        send(&Message::Event { event: event.clone() });
    }
}
