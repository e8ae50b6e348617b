//! The program from its arguments to its exit code.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;

use clap::{CommandFactory as _, Parser};
use serde_json::{Value, json};
use steadfast_experiment::ExperimentFactory;
use steadfast_state::{RunStatus, StateManager};

use crate::args::{Cli, ResumeMode, RunArgs, Verb};
use crate::batch::{self, Loaded, Queued};
use crate::console::Console;
use crate::exit_code::Exit;
use crate::forecast::Forecast;
use crate::live::Live;
use crate::number::plural;
use crate::process::Launcher;
use crate::row::Row;
use crate::supervise::Batch;
use crate::trackers::Trackers;
use crate::{
    best, brief, check, compare, environment, evaluate, explain, export, grid, html_report, list, logs, manual,
    predict, reference, report, schema, setup, show, show_log, slurm, style, sweep, table, top, trial, verify, worker,
    zoo,
};

/// The experiments that come with Steadfast.
pub fn standard_factory() -> ExperimentFactory {
    let mut factory = ExperimentFactory::new();
    steadfast_zoo::register(&mut factory);
    factory
}

/// Runs the program with the experiments that `factory` knows and the arguments of this process.
pub fn main_with(factory: &ExperimentFactory) -> ExitCode {
    let exit = match Cli::try_parse() {
        Ok(cli) => dispatch(factory, &cli),
        Err(error) => {
            // Also `--help` and `--version`, which are no errors.
            let _ = error.print();
            if error.use_stderr() { Exit::Usage } else { Exit::Done }
        }
    };
    exit.into()
}

fn dispatch(factory: &ExperimentFactory, cli: &Cli) -> Exit {
    match &cli.verb {
        None => run(factory, &cli.run),
        Some(Verb::Run(arguments)) => run(factory, arguments),
        Some(Verb::Sweep(arguments)) => sweep::run(factory, arguments),
        Some(Verb::Check(arguments)) => check::run(factory, arguments),
        Some(Verb::List(arguments)) => list::run(arguments),
        Some(Verb::Predict(arguments)) => predict::run(factory, arguments),
        Some(Verb::Evaluate(arguments)) => evaluate::run(factory, arguments),
        Some(Verb::Show(arguments)) => show::run(arguments),
        Some(Verb::Logs(arguments)) => show_log::run(arguments),
        Some(Verb::Top(arguments)) => top::run(arguments),
        Some(Verb::Compare(arguments)) => compare::compare(arguments),
        Some(Verb::Diff(arguments)) => compare::diff_two(factory, arguments),
        Some(Verb::Best(arguments)) => best::run(arguments),
        Some(Verb::Export(arguments)) => export::run(arguments),
        Some(Verb::Report(arguments)) => html_report::run(arguments),
        Some(Verb::Slurm(arguments)) => slurm::run(factory, arguments),
        Some(Verb::Explain(arguments)) => explain::run(factory, arguments),
        Some(Verb::Zoo(arguments)) => zoo::run(factory, arguments),
        Some(Verb::Schema(arguments)) => schema::run(factory, arguments),
        Some(Verb::VerifyResume(arguments)) => verify::run(factory, arguments),
        Some(Verb::Completions(arguments)) => manual::completions(arguments),
        Some(Verb::Man) => manual::man(),
        Some(Verb::Reference(arguments)) => reference::run(factory, arguments),
        Some(Verb::Trial) => trial::main(factory),
        Some(Verb::Worker) => worker::main(factory),
    }
}

/// The main job, or a rehearsal of it in a folder that is thrown away.
fn run(factory: &ExperimentFactory, arguments: &RunArgs) -> Exit {
    if !arguments.fast_dev_run {
        return run_in(factory, arguments);
    }
    match tempfile::tempdir() {
        Ok(folder) => run_in(factory, &RunArgs { results: folder.path().to_owned(), ..arguments.clone() }),
        Err(error) => {
            let message = format!("there is no place for throw-away results: {error}");
            Console::new(arguments.output).problem(&message);
            Exit::Storage
        }
    }
}

fn run_in(factory: &ExperimentFactory, arguments: &RunArgs) -> Exit {
    let console = Console::new(arguments.output);
    if let Some(verb) = mistyped_verb(&arguments.targets) {
        let typed = arguments.targets.first().map_or("", String::as_str);
        return usage_error(
            &console,
            &format!("there is no command and no file `{typed}`; did you mean `runner {verb}`?"),
        );
    }
    let loaded = match load(factory, arguments, &console) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    if let Some(warnings) = &loaded.warnings {
        report::show(warnings, &console);
    }
    let mut queue = match select(loaded.queue, &arguments.only) {
        Ok(queue) => queue,
        Err(message) => return usage_error(&console, &message),
    };
    let state = StateManager::new(&arguments.results);
    if arguments.retry_failed {
        queue.retain(|queued| has_failed(&state, queued));
    }
    if arguments.fast_dev_run {
        queue = brief::shorten(factory, queue);
    }
    if let Some(message) = arguments.trackers.problem() {
        return usage_error(&console, &message);
    }
    if arguments.fresh && arguments.resume == ResumeMode::Must {
        return usage_error(&console, "--fresh and --resume must exclude each other");
    }
    let threads = setup::threads(arguments.threads);
    console.line(&heading(&console, &queue, threads, arguments));
    if arguments.dry_run {
        foretell(&queue, &state, arguments, &console);
        return Exit::Done;
    }
    match start(factory, arguments, console.clone(), threads) {
        Ok(batch) => {
            let live = Arc::new(Live::new(&arguments.results, queue.iter().map(|queued| queued.name().to_owned())));
            let batch = Batch { parent: loaded.parent, live, ..batch };
            console.take_terminal();
            let rows = batch.run(&queue);
            console.release_terminal();
            batch.trackers.finish();
            let style = style::Style::choose(arguments.output.color, &std::io::stdout());
            table::print(&rows, arguments.json, style);
            batch.stop.exit().unwrap_or_else(|| exit_of(&rows))
        }
        Err(error) => {
            console.problem(&format!("the program could not be set up: {error}"));
            Exit::Internal
        }
    }
}

/// Says what would be done with each experiment.
fn foretell(queue: &[Queued], state: &StateManager, arguments: &RunArgs, console: &Console) {
    let next = |queued: &Queued| Forecast::of(state, queued).in_words();
    if arguments.json {
        let all = queue.iter().map(|queued| json!({"name": queued.name(), "a_start_would": next(queued)}));
        return grid::say_json(&all.collect());
    }
    let width = queue.iter().map(|queued| queued.name().len()).max().unwrap_or(0);
    for queued in queue {
        console.line(&format!("  {:<width$}  would {}", queued.name(), next(queued)));
    }
}

/// The verb that somebody meant who named a file that does not exist.
fn mistyped_verb(targets: &[String]) -> Option<String> {
    let first = targets.first().filter(|first| !first.contains(['.', '/', '=']) && !Path::new(first).exists())?;
    let command = Cli::command();
    let verbs = command.get_subcommands().filter(|verb| !verb.is_hide_set()).map(clap::Command::get_name);
    steadfast_config::suggest(first, verbs)
}

/// Whether the run of an experiment ended with a failure.
fn has_failed(state: &StateManager, queued: &Queued) -> bool {
    state.summary(queued.name()).ok().flatten().is_some_and(|summary| summary.status == RunStatus::Failed)
}

/// Loads what the command line names; for a fork, under its new name.
fn load(factory: &ExperimentFactory, arguments: &RunArgs, console: &Console) -> Result<Loaded, Exit> {
    let load = |targets: &[String]| {
        batch::load(factory, targets).map_err(|report| {
            report::show(&report, console);
            Exit::Usage
        })
    };
    let loaded = load(&arguments.targets)?;
    let Some(name) = &arguments.fork else { return Ok(loaded) };
    let [parent] = loaded.queue.as_slice() else {
        let found = plural(loaded.queue.len() as u64, "config");
        return Err(usage_error(console, &format!("--fork needs exactly one config, and there are {found}")));
    };
    if parent.name() == name {
        return Err(usage_error(console, &format!("--fork {name}: a fork needs a name of its own")));
    }
    let renamed = format!("name={}", Value::from(name.as_str()));
    let targets: Vec<String> = arguments.targets.iter().cloned().chain([renamed]).collect();
    let parent = parent.name().to_owned();
    Ok(Loaded { parent: Some(parent), ..load(&targets)? })
}

/// Installs everything that lives as long as the process.
pub(crate) fn start<'a>(
    factory: &'a ExperimentFactory,
    arguments: &'a RunArgs,
    console: Console,
    threads: usize,
) -> Result<Batch<'a>, Box<dyn std::error::Error>> {
    let log = setup::log_request(arguments.output, &console);
    logs::install_in_supervisor(log, &console)?;
    let stop = setup::listen(&console)?;
    if let Some(time) = arguments.max_time {
        let stop = stop.clone();
        thread::Builder::new().name("max-time".to_owned()).spawn(move || {
            thread::sleep(time);
            stop.request();
        })?;
    }
    let state = StateManager::new(&arguments.results);
    Ok(Batch {
        trackers: Arc::new(Trackers::new(&arguments.trackers, state.clone(), console.clone())),
        launcher: Launcher { factory, console: console.clone(), threads, log },
        arguments,
        console,
        stop,
        state,
        environment: environment::describe(threads),
        parent: None,
        live: Arc::new(Live::new(&arguments.results, std::iter::empty())),
    })
}

/// Keeps what `--only` names.
fn select(queue: Vec<Queued>, only: &[String]) -> Result<Vec<Queued>, String> {
    if let Some(unknown) = only.iter().find(|name| !queue.iter().any(|queued| queued.name() == **name)) {
        let known: Vec<&str> = queue.iter().map(Queued::name).collect();
        let help = steadfast_config::suggest(unknown, known.iter().copied())
            .map_or_else(|| format!("there is: {}", known.join(", ")), |near| format!("did you mean `{near}`?"));
        return Err(format!("--only {unknown}: no experiment of that name; {help}"));
    }
    Ok(queue.into_iter().filter(|queued| only.is_empty() || only.iter().any(|name| name == queued.name())).collect())
}

fn heading(console: &Console, queue: &[Queued], threads: usize, arguments: &RunArgs) -> String {
    let style = console.style();
    let place = if arguments.fast_dev_run {
        "two steps each, nothing is kept".to_owned()
    } else {
        format!("results in {}", arguments.results.display())
    };
    let facts = format!("{}, {}, {place}", plural(queue.len() as u64, "experiment"), plural(threads as u64, "thread"));
    format!("{} {}", style.bold(concat!("Steadfast ", env!("CARGO_PKG_VERSION"))), style.dim(facts))
}

fn usage_error(console: &Console, message: &str) -> Exit {
    console.problem(&format!("{} {message}", console.style().bad("error:")));
    Exit::Usage
}

fn exit_of(rows: &[Row]) -> Exit {
    rows.iter().map(|row| row.status.exit()).fold(Exit::Done, Exit::and)
}
