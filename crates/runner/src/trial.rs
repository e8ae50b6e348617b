//! A trial of one experiment: data read, model built, one step, a validation, and a checkpoint there and back.
//!
//! It runs in a process of its own, so that whatever it does to itself, the check goes on.

use std::env;
use std::io::{self, Read, Write};
use std::process::{Command, Stdio};
use std::time::Instant;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use steadfast_config::{ConfigManager, Problems};
use steadfast_experiment::{Experiment, ExperimentFactory, ExperimentState, Position, one_line};
use steadfast_state::{Snapshot, StateManager, TensorMap};

use crate::brief::shortened;
use crate::exit_code::Exit;
use crate::memory;

/// What was seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Trial {
    /// The data, in one line.
    pub(crate) data: String,
    /// Trainable numbers of the model.
    pub(crate) parameters: u64,
    pub(crate) train_samples: u64,
    pub(crate) steps_per_epoch: u64,
    /// Names of what validation measured.
    pub(crate) metrics: Vec<String>,
    /// Seconds of the step.
    pub(crate) step_s: f64,
    /// Size of a checkpoint that holds the best model beside the current one.
    pub(crate) checkpoint_bytes: u64,
    /// Size of the two model files.
    pub(crate) model_bytes: u64,
    /// Largest resident memory of the process.
    pub(crate) peak_memory_bytes: Option<u64>,
}

/// How far a trial came before it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stage {
    Data,
    Model,
    Step,
    Validation,
    Checkpoint,
    /// The process died.
    Process,
}

impl Stage {
    /// As in "its first training step failed: loss is not finite".
    pub(crate) fn in_words(self) -> &'static str {
        match self {
            Self::Data => "its data cannot be read",
            Self::Model => "its model cannot be built for this data",
            Self::Step => "its first training step failed",
            Self::Validation => "its validation failed",
            Self::Checkpoint => "its state does not survive a checkpoint",
            Self::Process => "its trial ended abruptly",
        }
    }
}

/// Why a trial failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Failure {
    pub(crate) stage: Stage,
    pub(crate) message: String,
}

/// Tries a complete config in a process of its own.
pub(crate) fn try_apart(config: &Value, threads: usize) -> Result<Trial, Failure> {
    let died = |message: String| Failure { stage: Stage::Process, message };
    let run = || -> io::Result<std::process::Output> {
        let mut child = Command::new(env::current_exe()?)
            .arg("trial")
            .env("RAYON_NUM_THREADS", threads.to_string())
            .env("CANDLE_BARRIER_POOL_SPIN_LIMIT", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(config.to_string().as_bytes())?;
        }
        child.wait_with_output()
    };
    let output = run().map_err(|error| died(format!("the process could not be started: {error}")))?;
    // What the experiment itself prints stands before the answer.
    let text = String::from_utf8_lossy(&output.stdout);
    let answer = text.lines().last().and_then(|line| serde_json::from_str(line).ok());
    answer.unwrap_or_else(|| {
        let complaints = String::from_utf8_lossy(&output.stderr);
        let last_words = complaints.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("no last words");
        Err(died(format!("{}: {last_words}", output.status)))
    })
}

/// The body of that process: a config on standard input, the outcome on standard output.
pub(crate) fn main(factory: &ExperimentFactory) -> Exit {
    memory::stay_within_available();
    let mut text = String::new();
    if io::stdin().lock().read_to_string(&mut text).is_err() {
        return Exit::Internal;
    }
    let outcome = try_here(factory, &text);
    let line = serde_json::to_string(&outcome).unwrap_or_default();
    let _ = writeln!(io::stdout().lock(), "\n{line}");
    if outcome.is_ok() { Exit::Done } else { Exit::Failed }
}

/// The experiment of a complete config, from nothing.
fn build(factory: &ExperimentFactory, text: &str) -> Result<Box<dyn Experiment>, Failure> {
    let unreadable = || Failure { stage: Stage::Process, message: "the config could not be read back".to_owned() };
    let resolved: Value = serde_json::from_str(text).map_err(|_| unreadable())?;
    let config =
        ConfigManager::from_text("config.json", &shortened(&resolved).to_string()).map_err(|_| unreadable())?;
    let prepared = factory.prepare(&config, &mut Problems::new()).ok_or_else(unreadable)?;
    Ok((prepared.build)())
}

fn failed<E: std::error::Error + 'static>(stage: Stage) -> impl Fn(E) -> Failure {
    move |error| Failure { stage, message: one_line(&error) }
}

fn try_here(factory: &ExperimentFactory, text: &str) -> Result<Trial, Failure> {
    let mut experiment = build(factory, text)?;
    let data = experiment.load_data().map_err(failed(Stage::Data))?;
    if data.steps_per_epoch == 0 {
        let message = format!("{} training samples make no step", data.train_samples);
        return Err(Failure { stage: Stage::Data, message });
    }
    let model = experiment.build_model().map_err(failed(Stage::Model))?;
    let started = Instant::now();
    experiment.train_step(Position { epoch: 0, batch: 0, step: 0 }).map_err(failed(Stage::Step))?;
    let step_s = started.elapsed().as_secs_f64();
    let metrics =
        experiment.validate(Position { epoch: 0, batch: 1, step: 1 }, &()).map_err(failed(Stage::Validation))?;
    let metrics = metrics.map(|metrics| metrics.names().map(str::to_owned).collect()).unwrap_or_default();
    let state = experiment.save().map_err(failed(Stage::Checkpoint))?;
    drop(experiment);
    let (model_size, optimizer_size) = (size(&state.model), size(&state.optimizer));
    there_and_back(build(factory, text)?, state)?;
    Ok(Trial {
        data: data.description,
        parameters: model.parameters,
        train_samples: data.train_samples,
        steps_per_epoch: data.steps_per_epoch,
        metrics,
        step_s,
        checkpoint_bytes: model_size * 2 + optimizer_size,
        model_bytes: model_size * 2,
        peak_memory_bytes: memory::peak(),
    })
}

fn size(tensors: &TensorMap) -> u64 {
    tensors.values().map(|tensor| tensor.bytes().len() as u64).sum()
}

/// Saves a state in a throw-away folder, reads it back into a new experiment, and asks that one for its state.
fn there_and_back(mut experiment: Box<dyn Experiment>, state: ExperimentState) -> Result<(), Failure> {
    let there = Stage::Checkpoint;
    let folder = tempfile::tempdir().map_err(failed(there))?;
    let manager = StateManager::new(folder.path());
    let mut run = manager.open("trial").map_err(failed(there))?;
    run.latest().map_err(failed(there))?;
    let part = |prefix: &'static str, tensors: TensorMap| {
        tensors.into_iter().map(move |(name, tensor)| (format!("{prefix}{name}"), tensor))
    };
    let (model, optimizer) = (part("model/", state.model), part("optimizer/", state.optimizer));
    let snapshot = Snapshot { step: 1, state: state.extra, tensors: model.chain(optimizer).collect() };
    run.save(&snapshot).map_err(failed(there))?;
    drop(run);
    let read = manager.open("trial").map_err(failed(there))?.latest().map_err(failed(there))?.snapshot;
    let read =
        read.ok_or_else(|| Failure { stage: there, message: "the checkpoint could not be found again".to_owned() })?;
    let take = |prefix: &str| {
        let own = |(name, tensor): (&String, _)| Some((name.strip_prefix(prefix)?.to_owned(), Clone::clone(tensor)));
        read.tensors.iter().filter_map(own).collect::<TensorMap>()
    };
    let saved = ExperimentState { model: take("model/"), optimizer: take("optimizer/"), extra: read.state.clone() };
    experiment.load_data().map_err(failed(Stage::Data))?;
    experiment.build_model().map_err(failed(Stage::Model))?;
    experiment.restore(saved.clone()).map_err(failed(there))?;
    let again = experiment.save().map_err(failed(there))?;
    if again == saved {
        return Ok(());
    }
    let message = "what was restored is not what was saved; `runner verify-resume` shows what differs".to_owned();
    Err(Failure { stage: there, message })
}
