//! The program from its arguments to its exit code.

use std::process::ExitCode;

use std::thread;

use clap::Parser;
use steadfast_experiment::ExperimentFactory;
use steadfast_state::StateManager;

use crate::args::{Cli, ResumeMode, RunArgs, Verb};
use crate::batch::{self, Queued};
use crate::console::Console;
use crate::exit_code::Exit;
use crate::message::LogRequest;
use crate::number::plural;
use crate::process::Launcher;
use crate::signals::{Notice, Stop};
use crate::supervise::{Batch, Row};
use crate::{check, environment, list, logs, report, table, worker};

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
        Some(Verb::Worker) => worker::main(factory),
    }
}

/// The main job.
fn run(factory: &ExperimentFactory, arguments: &RunArgs) -> Exit {
    let console = Console::new(arguments.output);
    let loaded = match batch::load(factory, &arguments.targets) {
        Ok(loaded) => loaded,
        Err(report) => {
            report::show(&report, &console);
            return Exit::Usage;
        }
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
    let threads = threads(arguments);
    console.line(&heading(&console, &queue, threads, arguments));
    if arguments.dry_run {
        for queued in &queue {
            console.line(&format!("  would run {}", queued.name()));
        }
        return Exit::Done;
    }
    match start(factory, arguments, console.clone(), threads) {
        Ok(batch) => {
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

/// Installs everything that lives as long as the process.
fn start<'a>(
    factory: &'a ExperimentFactory,
    arguments: &'a RunArgs,
    console: Console,
    threads: usize,
) -> Result<Batch<'a>, Box<dyn std::error::Error>> {
    let log = log_request(arguments, &console);
    logs::install_in_supervisor(log, &console)?;
    let speaker = console.clone();
    let stop = Stop::listen(move |notice| {
        let text = match notice {
            Notice::Stopping => "stopping after this step; press Ctrl-C again to quit at once",
            Notice::Quitting => "quit; the last checkpoint is safe, the same command continues from it",
        };
        speaker.problem(&format!("  {}", speaker.style().warn(text)));
        if notice == Notice::Quitting {
            speaker.release_terminal();
        }
    })?;
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
    })
}

fn log_request(arguments: &RunArgs, console: &Console) -> LogRequest {
    LogRequest {
        level: arguments.output.log_level,
        console_level: logs::console_level(arguments.output),
        format: arguments.output.log_format,
        color: console.style().is_colored(),
    }
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

/// As told, else what the thread pool would take, else every core this process may use.
fn threads(arguments: &RunArgs) -> usize {
    let told = arguments.threads.map(usize::from);
    let environment = || std::env::var("RAYON_NUM_THREADS").ok()?.parse().ok().filter(|threads| *threads > 0);
    told.or_else(environment).unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from))
}

fn usage_error(console: &Console, message: &str) -> Exit {
    console.problem(&format!("{} {message}", console.style().bad("error:")));
    Exit::Usage
}

fn exit_of(rows: &[Row]) -> Exit {
    rows.iter().map(|row| row.status.exit()).fold(Exit::Done, Exit::and)
}
