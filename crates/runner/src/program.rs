//! The program from its arguments to its exit code.

use std::process::ExitCode;

use std::thread;

use clap::Parser;
use serde_json::Value;
use steadfast_experiment::ExperimentFactory;
use steadfast_state::StateManager;

use crate::args::{Cli, ResumeMode, RunArgs, Verb};
use crate::batch::{self, Loaded, Queued};
use crate::console::Console;
use crate::exit_code::Exit;
use crate::number::plural;
use crate::process::Launcher;
use crate::row::Row;
use crate::supervise::Batch;
use crate::{check, environment, list, logs, report, setup, table, verify, worker};

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
        Some(Verb::Check(arguments)) => check::run(factory, arguments),
        Some(Verb::List(arguments)) => list::run(arguments),
        Some(Verb::VerifyResume(arguments)) => verify::run(factory, arguments),
        Some(Verb::Worker) => worker::main(factory),
    }
}

/// The main job.
fn run(factory: &ExperimentFactory, arguments: &RunArgs) -> Exit {
    let console = Console::new(arguments.output);
    let loaded = match load(factory, arguments, &console) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    if let Some(warnings) = &loaded.warnings {
        report::show(warnings, &console);
    }
    let queue = match select(loaded.queue, &arguments.only) {
        Ok(queue) => queue,
        Err(message) => return usage_error(&console, &message),
    };
    if arguments.fresh && arguments.resume == ResumeMode::Must {
        return usage_error(&console, "--fresh and --resume must exclude each other");
    }
    let threads = setup::threads(arguments.threads);
    console.line(&heading(&console, &queue, threads, arguments));
    if arguments.dry_run {
        for queued in &queue {
            console.line(&format!("  would run {}", queued.name()));
        }
        return Exit::Done;
    }
    match start(factory, arguments, console.clone(), threads) {
        Ok(batch) => {
            let batch = Batch { parent: loaded.parent, ..batch };
            console.take_terminal();
            let rows = batch.run(&queue);
            console.release_terminal();
            table::print(&rows, arguments.json);
            batch.stop.exit().unwrap_or_else(|| exit_of(&rows))
        }
        Err(error) => {
            console.problem(&format!("the program could not be set up: {error}"));
            Exit::Internal
        }
    }
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
fn start<'a>(
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
    Ok(Batch {
        launcher: Launcher { factory, console: console.clone(), threads, log },
        arguments,
        console,
        stop,
        state: StateManager::new(&arguments.results),
        environment: environment::describe(threads),
        parent: None,
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
    let facts = format!(
        "{}, {}, results in {}",
        plural(queue.len() as u64, "experiment"),
        plural(threads as u64, "thread"),
        arguments.results.display()
    );
    format!("{} {}", style.bold(concat!("Steadfast ", env!("CARGO_PKG_VERSION"))), style.dim(facts))
}

fn usage_error(console: &Console, message: &str) -> Exit {
    console.problem(&format!("{} {message}", console.style().bad("error:")));
    Exit::Usage
}

fn exit_of(rows: &[Row]) -> Exit {
    rows.iter().map(|row| row.status.exit()).fold(Exit::Done, Exit::and)
}
