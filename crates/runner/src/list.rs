//! `runner list`: what stands in the results folder.

use std::io::{Write, stdout};

use serde_json::{Value, json};
use steadfast_experiment::{RunResult, one_line};
use steadfast_state::{RunSummary, StateManager};

use crate::args::ListArgs;
use crate::console::Console;
use crate::exit_code::Exit;
use crate::table;

/// Shows every run without disturbing any.
pub(crate) fn run(arguments: &ListArgs) -> Exit {
    let console = Console::new(arguments.output);
    let state = StateManager::new(&arguments.results);
    let names = match state.runs() {
        Ok(names) => names,
        Err(error) => {
            console.problem(&one_line(&error));
            return Exit::Storage;
        }
    };
    let mut summaries = Vec::with_capacity(names.len());
    for name in names {
        match state.summary(&name) {
            Ok(Some(summary)) => summaries.push(summary),
            Ok(None) => {}
            Err(error) => console.problem(&one_line(&error)),
        }
    }
    if arguments.json {
        let rows: Vec<Value> = summaries.iter().map(as_json).collect();
        let text = serde_json::to_string_pretty(&rows).unwrap_or_default();
        let _ = writeln!(stdout().lock(), "{text}");
    } else if summaries.is_empty() {
        console.line(&format!("no runs in {}", arguments.results.display()));
    } else {
        table::print_runs(&summaries);
    }
    Exit::Done
}

fn as_json(summary: &RunSummary) -> Value {
    json!({
        "name": summary.name,
        "status": summary.status.as_str(),
        "step": summary.step,
        "pid": summary.pid,
        "result": summary.result,
    })
}

/// The typed result of a run, if it can be read.
pub(crate) fn result_of(summary: &RunSummary) -> Option<RunResult> {
    serde_json::from_value(summary.result.clone()?).ok()
}
