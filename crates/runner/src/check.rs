//! `runner check`: every problem of every config, and nothing else.

use std::io::{Write, stdout};

use steadfast_experiment::ExperimentFactory;

use crate::args::CheckArgs;
use crate::batch;
use crate::console::Console;
use crate::exit_code::Exit;
use crate::number::plural;
use crate::report::show;

/// Loads and checks as a run would.
pub(crate) fn run(factory: &ExperimentFactory, arguments: &CheckArgs) -> Exit {
    let console = Console::new(arguments.output);
    match batch::load(factory, &arguments.targets) {
        Ok(loaded) if arguments.json => {
            let warnings = loaded.warnings.map_or(serde_json::json!([]), |report| report.to_json());
            let _ = writeln!(stdout(), "{warnings:#}");
            Exit::Done
        }
        Ok(loaded) => {
            let configs = plural(loaded.queue.len() as u64, "config");
            if let Some(report) = &loaded.warnings {
                show(report, &console);
                console.line(&format!("warnings only: {configs} can be run"));
            } else {
                console.line(&console.style().good(format!("no problems in {configs}")));
            }
            Exit::Done
        }
        Err(report) if arguments.json => {
            let text = serde_json::to_string_pretty(&report.to_json()).unwrap_or_default();
            let _ = writeln!(stdout(), "{text}");
            Exit::Usage
        }
        Err(report) => {
            show(&report, &console);
            Exit::Usage
        }
    }
}
