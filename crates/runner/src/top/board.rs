//! What is shown: the runs of a results folder with the queue of every batch that is running, and one run in detail.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Map, Value};
use steadfast_experiment::{Timing, one_line};
use steadfast_state::{Document, RunStatus, RunSummary, StateError, StateManager};

use crate::grid::printable;
use crate::live::{self, LiveBatch, Progress};
use crate::log_files::last_lines;
use crate::run::shown;

/// Lines of the log that are kept; more than a terminal shows.
const LOG_LINES: usize = 200;

/// How a run stands; those that wait have no folder yet, or one of an earlier start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    Running,
    Waiting,
    Failed,
    Interrupted,
    Completed,
}

/// A line of the queue.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Card {
    pub(super) name: String,
    pub(super) standing: Standing,
    /// Epochs done, as far as anybody knows.
    pub(super) epochs: Option<u64>,
    pub(super) progress: Option<Progress>,
}

/// Everything about one run.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Detail {
    pub(super) name: String,
    /// One line: model, data, how it is trained.
    pub(super) facts: String,
    /// Why it did not complete.
    pub(super) reason: Option<String>,
    pub(super) epochs_wanted: Option<u64>,
    /// The metric that the best epoch is chosen by.
    pub(super) monitor: String,
    pub(super) best: Option<(u64, f64)>,
    pub(super) rows: Vec<Map<String, Value>>,
    pub(super) samples_per_s: Option<f64>,
    pub(super) total_s: Option<f64>,
    pub(super) log: Vec<String>,
}

/// The whole picture at one moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Board {
    pub(super) results: String,
    pub(super) cards: Vec<Card>,
    pub(super) detail: Detail,
    /// Why there is nothing to see.
    pub(super) trouble: Option<String>,
}

/// Reads boards.
#[derive(Debug)]
pub(super) struct Reader {
    state: StateManager,
}

impl Reader {
    pub(super) fn new(results: &Path) -> Self {
        Self { state: StateManager::new(results) }
    }

    /// The runs as they stand now, with `chosen` in detail; without a name, the one that runs or the first.
    pub(super) fn board(&self, chosen: Option<&str>) -> Board {
        let results = printable(&self.state.results().display().to_string());
        let mut board = Board { results, ..Board::default() };
        match self.cards() {
            Ok(cards) => board.cards = cards,
            Err(error) => {
                board.trouble = Some(printable(&one_line(&error)));
                return board;
            }
        }
        let is_there = |name: &&str| board.cards.iter().any(|card| card.name == **name);
        let fallback = || {
            let running = board.cards.iter().find(|card| card.standing == Standing::Running);
            running.or(board.cards.first()).map(|card| card.name.as_str())
        };
        if let Some(name) = chosen.filter(is_there).or_else(fallback) {
            board.detail = self.detail(name);
        }
        board
    }

    /// The runs of the results folder and of every sweep in it: first what is worked on, then everything else.
    fn cards(&self) -> Result<Vec<Card>, StateError> {
        let mut names = self.state.runs()?;
        for sweep in self.state.sweeps()? {
            let state = self.state.in_sweep(&sweep)?;
            names.extend(state.runs()?.iter().map(|run| shown(&state, run)));
        }
        Ok(cards(&names, &live::batches(self.state.results()), |name| self.summary(name)))
    }

    /// Where a run lies, by its name alone.
    fn place<'n>(&self, name: &'n str) -> Option<(StateManager, &'n str)> {
        match name.split_once('/') {
            Some((sweep, run)) => Some((self.state.in_sweep(sweep).ok()?, run)),
            None => Some((self.state.clone(), name)),
        }
    }

    fn summary(&self, name: &str) -> Option<RunSummary> {
        let (state, run) = self.place(name)?;
        state.summary(run).ok().flatten()
    }

    fn detail(&self, name: &str) -> Detail {
        let Some((state, run)) = self.place(name) else { return Detail::default() };
        let document =
            |document| -> Option<Value> { serde_json::from_slice(&state.document(run, document).ok()??).ok() };
        let config = document(Document::Config).unwrap_or_default();
        let result = document(Document::Result).unwrap_or_default();
        let timing: Option<Timing> = document(Document::Timing).and_then(|timing| serde_json::from_value(timing).ok());
        let monitor = config["checkpoint"]["monitor"].as_str().unwrap_or("val_loss").to_owned();
        let best = &result["best"];
        let reason = result["error"].as_object().map(|error| {
            let text = |key: &str| error.get(key).and_then(Value::as_str).unwrap_or_default();
            printable(&format!("{}: {}", text("class"), text("message")))
        });
        let log = last_lines(&self.state.results().join(name).join("log.txt"), LOG_LINES).unwrap_or_default();
        Detail {
            name: name.to_owned(),
            facts: facts(&config),
            reason,
            epochs_wanted: config["hyperparams"]["epochs"].as_u64(),
            best: best["epoch"].as_u64().zip(best[&monitor].as_f64()),
            monitor,
            rows: state.metrics(run).unwrap_or_default(),
            samples_per_s: timing.as_ref().and_then(|timing| timing.epochs.last()).map(|epoch| epoch.samples_per_s),
            total_s: timing.map(|timing| timing.total_s),
            log: log.iter().map(|line| printable(line)).collect(),
        }
    }
}

/// What batches work on in the order in which it is done, then everything else by name.
fn cards(names: &[String], batches: &[LiveBatch], summary: impl Fn(&str) -> Option<RunSummary>) -> Vec<Card> {
    let mut cards: Vec<Card> = Vec::new();
    let mut seen = BTreeSet::new();
    for batch in batches {
        let current = &batch.progress.name;
        let mut queue = batch.queue.clone();
        // A sweep that learns decides on a run when those before it are over.
        if !current.is_empty() && !queue.contains(current) {
            queue.push(current.clone());
        }
        let at = queue.iter().position(|name| name == current);
        for (index, name) in queue.iter().enumerate() {
            if !seen.insert(name.clone()) {
                continue;
            }
            let is_current = Some(index) == at;
            let waits = at.is_none_or(|at| index > at);
            let mut card = card(name, summary(name));
            if waits && card.standing != Standing::Running && card.standing != Standing::Completed {
                card.standing = Standing::Waiting;
            }
            card.progress = is_current.then(|| batch.progress.clone()).filter(|_| card.standing == Standing::Running);
            cards.push(card);
        }
    }
    let others = names.iter().filter(|name| !seen.contains(*name)).map(|name| card(name, summary(name)));
    cards.extend(others);
    cards
}

fn card(name: &str, summary: Option<RunSummary>) -> Card {
    let standing = match summary.as_ref().map(|summary| summary.status) {
        Some(RunStatus::Running) => Standing::Running,
        Some(RunStatus::Completed) => Standing::Completed,
        Some(RunStatus::Failed) => Standing::Failed,
        Some(_) => Standing::Interrupted,
        None => Standing::Waiting,
    };
    let epochs = summary.and_then(|summary| summary.result?.get("epochs")?.as_u64());
    Card { name: printable(name), standing, epochs, progress: None }
}

/// `CNN on builtin:digits, adam, lr 0.001, batches of 32, seed 0`.
fn facts(config: &Value) -> String {
    if !config.is_object() {
        return String::new();
    }
    let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    let hyperparams = &config["hyperparams"];
    printable(&format!(
        "{} on {}, {}, lr {}, batches of {}, seed {}",
        text(&config["model_type"]),
        text(&config["dataset_path"]),
        text(&hyperparams["optimizer"]["kind"]),
        hyperparams["lr"],
        hyperparams["batch_size"],
        config["seed"]
    ))
}

impl Standing {
    pub(super) const ALL: [Self; 5] = [Self::Running, Self::Waiting, Self::Failed, Self::Interrupted, Self::Completed];

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
            Self::Completed => "completed",
        }
    }

    /// Told apart without colors, too.
    pub(super) fn sign(self) -> &'static str {
        match self {
            Self::Running => "▶",
            Self::Waiting => "·",
            Self::Failed => "✗",
            Self::Interrupted => "◼",
            Self::Completed => "✓",
        }
    }
}

impl Board {
    /// The card of the run that is shown in detail.
    pub(super) fn chosen(&self) -> Option<usize> {
        self.cards.iter().position(|card| card.name == self.detail.name)
    }
}
