//! The verb: everything read and checked, then one trial after another, then the leaderboard.

use std::collections::BTreeSet;
use std::io::stdout;
use std::sync::Arc;

use serde_json::{Value, json};
use steadfast_config::Problems;
use steadfast_experiment::{ExperimentFactory, StopSignal as _, one_line};
use steadfast_state::{StateError, StateManager, SweepDocument, SweepFolder};
use steadfast_sweep::{Curve, End, Outcome, Point, Search, Stopping, Task};

use super::arguments::SweepArgs;
use super::leaderboard::{Facts, Leaderboard, Records};
use super::load::{Sweep, load};
use super::plan;
use super::record::{Record, halting, known};
use crate::console::Console;
use crate::exit_code::Exit;
use crate::forecast::Forecast;
use crate::grid::{say, say_json, terminal_width};
use crate::live::Live;
use crate::number::plural;
use crate::row::Row;
use crate::run::shown;
use crate::style::Style;
use crate::supervise::Batch;
use crate::trackers::Trackers;
use crate::{program, report, setup};

/// The leaderboard's file is kept current as often as its sweep has grown by one part in so many.
const REWRITES: usize = 100;

/// A sweep under way.
struct Drive<'s, 'a> {
    batch: Batch<'a>,
    sweep: &'s Sweep<'a>,
    search: Search,
    folder: SweepFolder,
    records: Records,
    rows: Vec<Row>,
    /// Runs that were started, or whose files were looked at, in this process.
    seen: BTreeSet<String>,
    retry_failed: bool,
    is_finished: bool,
    /// Trials that the leaderboard's file knows.
    written: usize,
}

pub(crate) fn run(factory: &ExperimentFactory, arguments: &SweepArgs) -> Exit {
    let console = Console::new(arguments.output);
    let mut problems = Problems::new();
    let sweeps = load(factory, &arguments.targets, &mut problems);
    let has_errors = problems.has_errors();
    if !problems.is_empty() {
        report::show(&problems.into_report(), &console);
    }
    if has_errors {
        return Exit::Usage;
    }
    if let Some(message) = arguments.trackers.problem() {
        console.problem(&format!("{} {message}", console.style().bad("error:")));
        return Exit::Usage;
    }
    if arguments.dry_run {
        return foretell(&sweeps, arguments, &console);
    }
    let for_runs = arguments.for_runs();
    let threads = setup::threads(for_runs.threads);
    let batch = match program::start(factory, &for_runs, console.clone(), threads) {
        Ok(batch) => batch,
        Err(error) => {
            console.problem(&format!("the program could not be set up: {error}"));
            return Exit::Internal;
        }
    };
    console.line(&console.style().bold(concat!("Steadfast ", env!("CARGO_PKG_VERSION"))));
    let mut exit = Exit::Done;
    let mut boards = Vec::new();
    for sweep in &sweeps {
        match drive(&batch, sweep, arguments, &console) {
            Ok((board, own)) => {
                boards.push((board, sweep));
                exit = exit.and(own);
            }
            Err(error) => {
                let held = matches!(error, StateError::Held { .. });
                console.problem(&format!("{} {}", console.style().bad("error:"), one_line(&error)));
                exit = exit.and(if held { Exit::Held } else { Exit::Storage });
            }
        }
        if batch.stop.requested() {
            break;
        }
    }
    show(&boards, arguments);
    batch.stop.exit().unwrap_or(exit)
}

fn show(boards: &[(Leaderboard, &Sweep<'_>)], arguments: &SweepArgs) {
    if arguments.json {
        return say_json(&boards.iter().map(|(board, _)| board.to_json()).collect());
    }
    let style = Style::choose(arguments.output.color, &stdout());
    let tables = boards
        .iter()
        .map(|(board, sweep)| board.render(sweep.expander.labels(), arguments.limit, terminal_width(), style));
    let tables: Vec<String> = tables.collect();
    if !tables.is_empty() {
        say(&tables.join("\n\n"));
    }
}

/// Runs one sweep from wherever it stands.
fn drive(
    batch: &Batch<'_>,
    sweep: &Sweep<'_>,
    arguments: &SweepArgs,
    console: &Console,
) -> Result<(Leaderboard, Exit), StateError> {
    let name = sweep.config.name.as_str();
    let results = StateManager::new(&arguments.results);
    if arguments.fresh
        && let Some(path) = results.set_sweep_aside(name)?
    {
        console.line(&console.style().dim(format!("the old sweep is kept as {}", path.display())));
    }
    let folder = results.open_sweep(name)?;
    let search = Search::new(sweep.study.clone());
    let names = names(sweep, &search);
    if let Some(note) = plan::freeze(&folder, sweep, &names)? {
        console.line(&console.style().warn(note));
    }
    let trials = search.points().len().max(search.study().n);
    let runs = plural(trials.saturating_mul(sweep.seeds.len()) as u64, "run");
    let style = console.style();
    console.line(&format!(
        "{} {}",
        style.bold(name),
        style.dim(format!("{runs}, results in {}", folder.path().display()))
    ));
    let state = results.in_sweep(name)?;
    let trackers = Arc::new(Trackers::new(&arguments.trackers, state.clone(), console.clone()));
    let live = Live::new(state.results(), names.iter().map(|name| shown(&state, name)));
    let mut drive = Drive {
        batch: Batch { live: Arc::new(live), state, trackers, ..batch.clone() },
        sweep,
        search,
        folder,
        records: Records::new(),
        rows: Vec::new(),
        seen: BTreeSet::new(),
        retry_failed: arguments.retry_failed,
        is_finished: false,
        written: 0,
    };
    console.take_terminal();
    let outcome = drive.go();
    drive.batch.trackers.finish();
    console.release_terminal();
    outcome?;
    let exit = drive.rows.iter().map(|row| row.status.exit()).fold(Exit::Done, Exit::and);
    Ok((drive.leaderboard(), exit))
}

/// The names of the runs that are known beforehand.
fn names(sweep: &Sweep<'_>, search: &Search) -> Vec<String> {
    let runs = search.points().iter().flat_map(|point| sweep.seeds.iter().map(move |seed| (point, *seed)));
    let name = |(point, seed): (&Point, Option<u64>)| {
        Some(sweep.expander.expand(point, seed, &mut Problems::new())?.queued.name().to_owned())
    };
    runs.filter_map(name).collect()
}

impl Drive<'_, '_> {
    fn go(&mut self) -> Result<(), StateError> {
        loop {
            let Some(task) = self.search.next_task() else {
                self.is_finished = true;
                break;
            };
            let Some(outcome) = self.trial(&task) else { break };
            self.search.tell(task.trial, outcome);
            let step = (self.search.points().len() / REWRITES).max(1);
            if self.records.len() >= self.written + step {
                self.keep_leaderboard()?;
            }
        }
        self.keep_leaderboard()
    }

    /// Brings the runs of a trial to where the search wants them; nothing if the search cannot go on now.
    fn trial(&mut self, task: &Task) -> Option<Outcome> {
        let point = self.search.points().get(task.trial)?.clone();
        let mut outcome = Outcome { curves: Vec::new(), end: End::Complete };
        for (index, seed) in self.sweep.seeds.iter().copied().enumerate() {
            if self.batch.stop.requested() {
                return None;
            }
            let (name, record) = self.bring(task, &point, seed)?;
            outcome.end = match (outcome.end, record.end) {
                (End::Failed, _) | (_, End::Failed) => End::Failed,
                (End::Complete, end) | (end, End::Complete) => end,
                (End::Paused(one), End::Paused(other)) => End::Paused(one.min(other)),
            };
            outcome.curves.push(record.curve.clone());
            self.records.insert((task.trial, index), (name, record));
        }
        Some(outcome)
    }

    /// Brings one run to its halt or its end, unless it is there already.
    fn bring(&mut self, task: &Task, point: &Point, seed: Option<u64>) -> Option<(String, Record)> {
        let failed = || Record { curve: Curve::default(), end: End::Failed, epochs: 0, is_complete: false };
        let mut problems = Problems::new();
        let Some(run) = self.sweep.expander.expand(point, seed, &mut problems) else {
            // Drawn values that do not go together: a result like any other.
            report::show(&problems.into_report(), &self.batch.console);
            return Some(("not-a-config".to_owned(), failed()));
        };
        let mut queued = run.queued;
        queued.halting = Some(halting(&self.sweep.metric, task.halts.clone()));
        let name = queued.name().to_owned();
        let is_seen = self.seen.contains(&name);
        let is_to_retry = |record: &Record| record.end == End::Failed && self.retry_failed && !is_seen;
        if let Some(record) = known(&self.batch.state, &queued).filter(|record| !is_to_retry(record))
            && (is_seen || !record.is_complete)
        {
            return Some((name, record));
        }
        let trials = self.search.points().len().max(self.search.study().n);
        let row = self.batch.run_one(&queued, &format!("[{}/{trials}]", task.trial + 1));
        self.seen.insert(name.clone());
        let (is_failure, aborts) = (row.status.is_failure(), self.batch.aborts_on_failure(&queued));
        self.rows.push(row);
        if is_failure && aborts {
            self.batch.console.line(&format!("  {} the rest is not run", self.batch.console.style().warn("aborted")));
            return None;
        }
        if let Some(record) = known(&self.batch.state, &queued) {
            return Some((name, record));
        }
        // Nothing that is decided later depends on this run: it is tried again at the next start.
        let is_alone = !self.search.learns() && self.search.study().stopping == Stopping::Never;
        (is_failure && is_alone).then(|| (name, failed()))
    }

    fn leaderboard(&self) -> Leaderboard {
        Leaderboard::of(&Facts {
            sweep: self.sweep.config.name.as_str(),
            metric: &self.sweep.metric,
            search: &self.search,
            records: &self.records,
            seeds: &self.sweep.seeds,
            is_finished: self.is_finished,
        })
    }

    fn keep_leaderboard(&mut self) -> Result<(), StateError> {
        let text = format!("{:#}\n", self.leaderboard().to_json());
        self.folder.write(SweepDocument::Leaderboard, text.as_bytes())?;
        self.written = self.records.len();
        Ok(())
    }
}

/// Says what would be done with each run that is known beforehand.
fn foretell(sweeps: &[Sweep<'_>], arguments: &SweepArgs, console: &Console) -> Exit {
    let mut all: Vec<Value> = Vec::new();
    for sweep in sweeps {
        let name = sweep.config.name.as_str();
        let state = match StateManager::new(&arguments.results).in_sweep(name) {
            Ok(state) => state,
            Err(error) => {
                console.problem(&one_line(&error));
                return Exit::Storage;
            }
        };
        let search = Search::new(sweep.study.clone());
        for (point, seed) in search.points().iter().flat_map(|point| sweep.seeds.iter().map(move |seed| (point, *seed)))
        {
            let Some(run) = sweep.expander.expand(point, seed, &mut Problems::new()) else { continue };
            let run_name = format!("{name}/{}", run.queued.name());
            let next = Forecast::of(&state, &run.queued).in_words();
            if !arguments.json {
                console.line(&format!("  {run_name}  would {next}"));
            }
            all.push(json!({"name": run_name, "a_start_would": next}));
        }
        if search.learns() && !arguments.json {
            let trials = plural(search.study().n as u64, "trial");
            console.line(&format!("  {name}: {trials}, each chosen when those before it are done"));
        }
    }
    if arguments.json {
        say_json(&all.into());
    }
    Exit::Done
}
