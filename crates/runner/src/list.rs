//! `runner list`: what stands in the results folder.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};
use steadfast_experiment::RunResult;
use steadfast_state::RunSummary;

use crate::exit_code::Exit;
use crate::grid::{remark, say, say_json};
use crate::look::LookArgs;
use crate::run::{Run, Runs};
use crate::selection::SelectArgs;
use crate::table;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    runner list                                        every run\n  \
    runner list --status failed,interrupted            what did not get to its end\n  \
    runner list --sort -val_accuracy --limit 5         the five best\n  \
    runner list --filter model_type=CNN --filter 'val_loss<0.1'\n  \
    runner list --names                                names alone, one a line\n\n\
    A key is name, status, epochs, steps, parameters, best_epoch, a metric (of the best epoch) or a key of the config,\n\
    in full (hyperparams.lr) or by its last part (lr).")]
pub(crate) struct ListArgs {
    /// Where results are kept.
    #[arg(long, value_name = "DIR", default_value = "results")]
    results: PathBuf,
    #[command(flatten)]
    select: SelectArgs,
    /// Print names alone, one a line, for scripts.
    #[arg(long, short, conflicts_with = "json")]
    names: bool,
    #[command(flatten)]
    look: LookArgs,
}

/// Shows every run without disturbing any.
pub(crate) fn run(arguments: &ListArgs) -> Exit {
    let look = &arguments.look;
    let runs = match Runs::new(&arguments.results, *look).all() {
        Ok(runs) => runs,
        Err(exit) => return exit,
    };
    let there_are_some = !runs.is_empty();
    let runs = match arguments.select.choose(runs) {
        Ok(runs) => runs,
        Err(message) => return look.usage_error(&message),
    };
    if look.json {
        say_json(&runs.iter().map(as_json).collect());
    } else if arguments.names {
        for run in &runs {
            say(run.name());
        }
    } else if runs.is_empty() {
        let what = if there_are_some { "no such run" } else { "no runs" };
        remark(&format!("{what} in {}", arguments.results.display()));
    } else {
        table::print_runs(&runs, &arguments.select.keys(), look.style());
    }
    Exit::Done
}

fn as_json(run: &Run) -> Value {
    let summary = &run.summary;
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
