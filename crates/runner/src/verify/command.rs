//! The command: every config in turn, then what came out.

use std::io::{Write, stdout};

use steadfast_experiment::ExperimentFactory;

use crate::args::VerifyArgs;
use crate::batch;
use crate::console::Console;
use crate::exit_code::Exit;
use crate::number::plural;
use crate::process::Launcher;
use crate::{environment, logs, report, setup};

use super::outcome::{self, Outcome};
use super::rounds::Proof;

/// Proves every config, one after another.
pub(crate) fn run(factory: &ExperimentFactory, arguments: &VerifyArgs) -> Exit {
    let console = Console::new(arguments.output);
    let queue = match batch::load(factory, &arguments.targets) {
        Ok(loaded) => loaded.queue,
        Err(report) => {
            report::show(&report, &console);
            return Exit::Usage;
        }
    };
    let log = setup::log_request(arguments.output, &console);
    let set_up = logs::install_in_supervisor(log, &console).map_err(|error| error.to_string());
    let stop = match set_up.and_then(|()| setup::listen(&console).map_err(|error| error.to_string())) {
        Ok(stop) => stop,
        Err(error) => {
            console.problem(&format!("the program could not be set up: {error}"));
            return Exit::Internal;
        }
    };
    let threads = setup::threads(arguments.threads);
    let proof = Proof {
        launcher: Launcher { factory, console: console.clone(), threads, log },
        environment: environment::describe(threads),
        arguments,
        console: console.clone(),
        stop: stop.clone(),
    };
    console.line(&heading(&console, queue.len(), arguments));
    console.take_terminal();
    let mut outcomes = Vec::new();
    for (index, queued) in queue.iter().enumerate() {
        let number = format!("[{}/{}]", index + 1, queue.len());
        console.line(&format!("{} {}", console.style().dim(number), console.style().bold(queued.name())));
        outcomes.push(proof.of(queued));
        if stop.exit().is_some() {
            break;
        }
    }
    console.release_terminal();
    print(&outcomes, arguments.json);
    stop.exit().unwrap_or_else(|| outcomes.iter().map(Outcome::exit).fold(Exit::Done, Exit::and))
}

fn heading(console: &Console, experiments: usize, arguments: &VerifyArgs) -> String {
    let style = console.style();
    let facts = format!(
        "{}, {} each, seed {}",
        plural(experiments as u64, "experiment"),
        plural(arguments.kills.into(), "kill"),
        arguments.seed
    );
    format!("{} {}", style.bold("Verifying the resume"), style.dim(facts))
}

/// A reader that has gone away must not turn a proof into an error.
fn print(outcomes: &[Outcome], as_json: bool) {
    let text = if as_json { outcome::json_text(outcomes) } else { outcome::text(outcomes) };
    let _ = writeln!(stdout().lock(), "{text}");
}
