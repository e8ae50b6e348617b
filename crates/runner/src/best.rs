//! `runner best`: the runs that came out best by one metric.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};

use crate::exit_code::Exit;
use crate::grid::{Cell, Column, Grid, Look, say, say_json, terminal_width};
use crate::look::LookArgs;
use crate::number::metric;
use crate::query::Filter;
use crate::run::{Run, Runs};
use crate::table::run_status;

/// Parts of the names of metrics of which more is better.
const MORE_IS_BETTER: [&str; 8] = ["accuracy", "precision", "recall", "f1", "auc", "r2", "bleu", "top"];

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    runner best                                     by the least val_loss\n  \
    runner best --metric val_accuracy               by the most\n  \
    runner best --metric val_loss --limit 1 --names     the name alone, for a script")]
pub(crate) struct BestArgs {
    /// What decides: any metric that stands in metrics.jsonl.
    #[arg(long, short, value_name = "METRIC", default_value = "val_loss")]
    metric: String,
    /// Whether less or more of it is better [default: as its name says].
    #[arg(long, value_enum)]
    mode: Option<Mode>,
    /// Show at most so many.
    #[arg(long, value_name = "N", default_value_t = 5)]
    limit: usize,
    /// Only runs with this: KEY=VALUE, or with !=, <, <=, >, >=; may be given several times.
    #[arg(long, value_name = "KEY=VALUE")]
    filter: Vec<Filter>,
    /// Print names alone, one a line, for scripts.
    #[arg(long, short, conflicts_with = "json")]
    names: bool,
    /// Where results are kept.
    #[arg(long, value_name = "DIR", default_value = "results")]
    results: PathBuf,
    #[command(flatten)]
    look: LookArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Mode {
    Min,
    Max,
}

/// A run and its best row by the metric.
struct Contender {
    run: Run,
    value: f64,
    row: Map<String, Value>,
}

pub(crate) fn run(arguments: &BestArgs) -> Exit {
    let BestArgs { metric: name, look, .. } = arguments;
    let all = match Runs::new(&arguments.results, *look).all() {
        Ok(runs) => runs,
        Err(exit) => return exit,
    };
    let mode = arguments.mode.unwrap_or_else(|| mode_of(name));
    let mut known: Vec<String> = Vec::new();
    let mut contenders: Vec<Contender> = Vec::new();
    for run in all.into_iter().filter(|run| arguments.filter.iter().all(|filter| filter.keeps(run))) {
        let rows = run.metrics();
        known.extend(rows.first().into_iter().flat_map(|row| row.keys().cloned()));
        contenders.extend(contender(run, rows, name, mode));
    }
    if contenders.is_empty() {
        let near = steadfast_config::suggest(name, known.iter().map(String::as_str));
        let help = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        return look.usage_error(&format!("no run in {} has a `{name}`{help}", arguments.results.display()));
    }
    contenders.sort_by(|left, right| match mode {
        Mode::Min => left.value.total_cmp(&right.value),
        Mode::Max => right.value.total_cmp(&left.value),
    });
    contenders.truncate(arguments.limit);
    show(&contenders, arguments);
    Exit::Done
}

fn mode_of(name: &str) -> Mode {
    if MORE_IS_BETTER.iter().any(|part| name.contains(part)) { Mode::Max } else { Mode::Min }
}

/// The first of the best rows of a run; nothing if it has none with a finite value.
fn contender(run: Run, rows: Vec<Map<String, Value>>, name: &str, mode: Mode) -> Option<Contender> {
    let mut best: Option<(f64, Map<String, Value>)> = None;
    for row in rows {
        let Some(value) = row.get(name).and_then(Value::as_f64).filter(|value| value.is_finite()) else { continue };
        let is_better = best.as_ref().is_none_or(|(old, _)| match mode {
            Mode::Min => value < *old,
            Mode::Max => value > *old,
        });
        if is_better {
            best = Some((value, row));
        }
    }
    best.map(|(value, row)| Contender { run, value, row })
}

fn show(contenders: &[Contender], arguments: &BestArgs) {
    if arguments.look.json {
        let rows = contenders.iter().map(|contender| {
            json!({
                "name": contender.run.name(),
                "status": contender.run.summary.status.as_str(),
                "value": contender.value,
                "row": contender.row,
            })
        });
        return say_json(&rows.collect());
    }
    if arguments.names {
        for contender in contenders {
            say(contender.run.name());
        }
        return;
    }
    let columns = [Column::left("experiment"), Column::right(&arguments.metric), Column::right("epoch")];
    let mut grid = Grid::new(columns.into_iter().chain(["model", "status"].map(Column::left)).collect());
    for (place, Contender { run, value, row }) in contenders.iter().enumerate() {
        let look = if place == 0 { Look::Good } else { Look::Plain };
        grid.row(vec![
            Cell::new(run.name()).look(Look::Bold),
            Cell::new(metric(*value)).look(look),
            Cell::new(row.get("epoch").map(Value::to_string).unwrap_or_default()),
            Cell::new(run.config()["model_type"].as_str().unwrap_or_default()),
            run_status(run.summary.status),
        ]);
    }
    say(&grid.render(terminal_width(), arguments.look.style()));
}
