//! `runner list`: what stands in the results folder.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use steadfast_experiment::RunResult;
use steadfast_state::{RunStatus, RunSummary};

use crate::exit_code::Exit;
use crate::grid::{remark, say, say_json};
use crate::look::LookArgs;
use crate::query::{Filter, Sort, check_key};
use crate::run::{Run, Runs};
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
    /// Only runs that stand like this; several with commas.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "STATUS")]
    status: Vec<StatusArg>,
    /// Only runs with this: KEY=VALUE, or with !=, <, <=, >, >=; may be given several times.
    #[arg(long, value_name = "KEY=VALUE")]
    filter: Vec<Filter>,
    /// Sort by this key; -KEY for the largest first.
    #[arg(long, value_name = "KEY", allow_hyphen_values = true)]
    sort: Option<Sort>,
    /// Show at most so many.
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Print names alone, one a line, for scripts.
    #[arg(long, short, conflicts_with = "json")]
    names: bool,
    #[command(flatten)]
    look: LookArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum StatusArg {
    Running,
    Completed,
    Failed,
    Interrupted,
}

impl StatusArg {
    fn is(self, status: RunStatus) -> bool {
        match self {
            Self::Running => status == RunStatus::Running,
            Self::Completed => status == RunStatus::Completed,
            Self::Failed => status == RunStatus::Failed,
            Self::Interrupted => status == RunStatus::Interrupted,
        }
    }
}

/// Shows every run without disturbing any.
pub(crate) fn run(arguments: &ListArgs) -> Exit {
    let look = &arguments.look;
    let runs = match Runs::new(&arguments.results, *look).all() {
        Ok(runs) => runs,
        Err(exit) => return exit,
    };
    let keys = arguments.filter.iter().map(|filter| &filter.key).chain(arguments.sort.as_ref().map(|sort| &sort.key));
    let keys: Vec<&str> = keys.map(String::as_str).collect();
    if let Some(message) = keys.iter().find_map(|key| check_key(&runs, key).err()) {
        return look.usage_error(&message);
    }
    let there_are_some = !runs.is_empty();
    let runs = chosen(runs, arguments);
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
        table::print_runs(&runs, &keys, look.style());
    }
    Exit::Done
}

fn chosen(runs: Vec<Run>, arguments: &ListArgs) -> Vec<Run> {
    let ListArgs { status, filter, sort, limit, .. } = arguments;
    let is_wanted = |run: &Run| {
        (status.is_empty() || status.iter().any(|wanted| wanted.is(run.summary.status)))
            && filter.iter().all(|filter| filter.keeps(run))
    };
    let mut runs: Vec<Run> = runs.into_iter().filter(is_wanted).collect();
    if let Some(sort) = sort {
        sort.apply(&mut runs);
    }
    runs.truncate(limit.unwrap_or(usize::MAX));
    runs
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
