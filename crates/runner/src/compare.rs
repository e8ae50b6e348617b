//! `runner compare`: several runs side by side, only where they differ. `runner diff`: two of them, key by key.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Map, Value, json};
use steadfast_config::diff;
use steadfast_experiment::ExperimentFactory;

use crate::args::OutputArgs;
use crate::batch;
use crate::console::Console;
use crate::exit_code::Exit;
use crate::grid::{Cell, Column, Grid, Look, remark, say, say_json, terminal_width};
use crate::look::LookArgs;
use crate::number::metric;
use crate::origin::leaves;
use crate::query::{Sort, check_key};
use crate::report;
use crate::run::{Run, Runs};
use crate::table::{run_status, shown};

/// Keys that differ between any two runs and say nothing.
const SELF_EVIDENT: [&str; 2] = ["name", "description"];

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    runner compare                                  all runs: what differs between them, and their figures\n  \
    runner compare digits-cnn digits-mlp            two of them\n  \
    runner compare --sort -val_accuracy --all       every parameter, the best run first")]
pub(crate) struct CompareArgs {
    /// The runs; all of them if none is named.
    names: Vec<String>,
    /// Also show parameters that are the same everywhere.
    #[arg(long)]
    all: bool,
    /// Sort by this key; -KEY for the largest first.
    #[arg(long, value_name = "KEY", allow_hyphen_values = true)]
    sort: Option<Sort>,
    /// Where results are kept.
    #[arg(long, value_name = "DIR", default_value = "results")]
    results: PathBuf,
    #[command(flatten)]
    look: LookArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    runner diff digits-cnn digits-mlp                   two runs: configs and figures\n  \
    runner diff digits-cnn configs/digits-cnn.json      a run and the config it came from: what was edited since")]
pub(crate) struct DiffArgs {
    /// A run, or a config file.
    before: String,
    /// Another one.
    after: String,
    /// Where results are kept.
    #[arg(long, value_name = "DIR", default_value = "results")]
    results: PathBuf,
    #[command(flatten)]
    look: LookArgs,
}

pub(crate) fn compare(arguments: &CompareArgs) -> Exit {
    let look = &arguments.look;
    let runs = match chosen(arguments) {
        Ok(runs) => runs,
        Err(exit) => return exit,
    };
    if runs.is_empty() {
        remark(&format!("no runs in {}", arguments.results.display()));
        return Exit::Done;
    }
    let keys = parameters(&runs, arguments.all);
    let metrics = metric_names(&runs);
    if look.json {
        say_json(&runs.iter().map(|run| as_json(run, &keys, &metrics)).collect());
        return Exit::Done;
    }
    let style = look.style();
    let (rows, width) = (side_by_side(&runs, &keys, &metrics), terminal_width());
    let columns = rows.transposed();
    let fits = |grid: &Grid| width.is_none_or(|width| grid.width() <= width);
    let grid = if !fits(&rows) && fits(&columns) { columns } else { rows };
    say(&grid.render(width, style));
    if keys.is_empty() && runs.len() > 1 {
        remark("no parameter differs");
    }
    Exit::Done
}

fn chosen(arguments: &CompareArgs) -> Result<Vec<Run>, Exit> {
    let all = Runs::new(&arguments.results, arguments.look);
    let mut runs = if arguments.names.is_empty() {
        all.all()?
    } else {
        arguments.names.iter().map(|name| all.named(name)).collect::<Result<Vec<_>, _>>()?
    };
    if let Some(sort) = &arguments.sort {
        check_key(&runs, &sort.key).map_err(|message| arguments.look.usage_error(&message))?;
        sort.apply(&mut runs);
    }
    Ok(runs)
}

/// The keys of the configs, those that differ or all of them, in the order of the configs.
fn parameters(runs: &[Run], all: bool) -> Vec<String> {
    let flat: Vec<Map<String, Value>> =
        runs.iter().map(|run| leaves(run.config()).into_iter().map(|leaf| (leaf.key, leaf.value)).collect()).collect();
    let mut keys: Vec<String> = Vec::new();
    for key in flat.iter().flat_map(Map::keys).filter(|key| !key.is_empty()) {
        if !keys.contains(key) {
            keys.push(key.clone());
        }
    }
    // What stands for a key of the optimizer is shown there.
    let stands_for = |key: &str| key.strip_prefix("hyperparams.").map(|key| format!("hyperparams.optimizer.{key}"));
    let known = keys.clone();
    keys.retain(|key| !stands_for(key).is_some_and(|own| known.contains(&own)));
    let differs = |key: &String| flat.iter().any(|config| config.get(key) != flat[0].get(key));
    keys.retain(|key| !SELF_EVIDENT.contains(&key.as_str()) && (all || differs(key)));
    keys
}

fn metric_names(runs: &[Run]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in runs.iter().filter_map(Run::best).flat_map(Map::keys).filter(|name| name.starts_with("val_")) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}

/// The shortest end of each key that no other key has.
fn short_names(keys: &[String]) -> Vec<String> {
    let tail = |key: &str, parts: usize| {
        let all: Vec<&str> = key.split('.').collect();
        all[all.len().saturating_sub(parts)..].join(".")
    };
    keys.iter()
        .map(|key| {
            let unique =
                |parts: &usize| keys.iter().filter(|other| tail(other, *parts) == tail(key, *parts)).count() == 1;
            // `kind` alone says nothing.
            let fewest = if key.rsplit('.').next() == Some("kind") { 2 } else { 1 };
            tail(key, (fewest..8).find(unique).unwrap_or(8))
        })
        .collect()
}

/// A line for each run: what is its own, and what came of it.
fn side_by_side(runs: &[Run], keys: &[String], metrics: &[String]) -> Grid {
    let mut columns = vec![Column::left("experiment"), Column::left("status")];
    columns.extend(short_names(keys).into_iter().map(Column::right));
    columns.push(Column::right("best epoch"));
    columns.extend(metrics.iter().map(Column::right));
    let mut grid = Grid::new(columns);
    for run in runs {
        let value = |key: &String| {
            key.split('.').try_fold(run.config(), |value, key| value.get(key)).map_or(String::new(), shown)
        };
        let mut row = vec![Cell::new(run.name()).look(Look::Bold), run_status(run.summary.status)];
        row.extend(keys.iter().map(|key| Cell::new(value(key)).look(Look::Plain)));
        row.push(Cell::new(run.get("best_epoch").as_ref().map_or(String::new(), shown)));
        row.extend(metrics.iter().map(|name| Cell::new(crate::table::figure(run.best(), name)).look(Look::Good)));
        grid.row(row);
    }
    grid
}

fn as_json(run: &Run, keys: &[String], metrics: &[String]) -> Value {
    let value = |key: &String| key.split('.').try_fold(run.config(), |value, key| value.get(key)).cloned();
    let parameters: Map<String, Value> =
        keys.iter().map(|key| (key.clone(), value(key).unwrap_or(Value::Null))).collect();
    let figure = |name: &String| run.best().and_then(|best| best.get(name)).cloned().unwrap_or(Value::Null);
    let metrics: Map<String, Value> = metrics.iter().map(|name| (name.clone(), figure(name))).collect();
    json!({
        "name": run.name(),
        "status": run.summary.status.as_str(),
        "parameters": parameters,
        "best_epoch": run.get("best_epoch"),
        "best": metrics,
    })
}

/// One side of a difference.
struct Side {
    config: Value,
    best: Map<String, Value>,
}

pub(crate) fn diff_two(factory: &ExperimentFactory, arguments: &DiffArgs) -> Exit {
    let sides = [&arguments.before, &arguments.after].map(|name| side(factory, name, arguments));
    let [Ok(before), Ok(after)] = sides else {
        return sides.into_iter().find_map(Result::err).unwrap_or(Exit::Usage);
    };
    let changes = diff(&before.config, &after.config);
    if arguments.look.json {
        let changes = changes.iter().map(|change| {
            json!({
                "key": change.path.to_string(),
                "before": change.before,
                "after": change.after,
                "role": change.role.as_str(),
            })
        });
        say_json(&json!({"changes": changes.collect::<Value>(), "best": [before.best, after.best]}));
        return Exit::Done;
    }
    let style = arguments.look.style();
    let mut grid = Grid::new(vec![
        Column::left("key"),
        Column::left(&arguments.before),
        Column::left(&arguments.after),
        Column::left("change of"),
    ]);
    let text = |value: &Option<Value>| value.as_ref().map_or_else(|| "-".to_owned(), |value| clipped(&shown(value)));
    let changes: Vec<_> = changes.iter().filter(|change| change.path.to_string() != "name").collect();
    let keys: Vec<String> = changes.iter().map(|change| change.path.to_string()).collect();
    for (change, key) in changes.iter().zip(short_names(&keys)) {
        grid.row(vec![
            Cell::new(key).look(Look::Bold),
            Cell::new(text(&change.before)).look(Look::Bad),
            Cell::new(text(&change.after)).look(Look::Good),
            Cell::new(change.role.as_str()).look(Look::Dim),
        ]);
    }
    for name in before.best.keys().filter(|name| name.starts_with("val_")) {
        let Some((left, right)) = before.best[name].as_f64().zip(after.best.get(name).and_then(Value::as_f64)) else {
            continue;
        };
        let cells = [name.clone(), metric(left), metric(right), format!("{:+.4}", right - left)];
        grid.row(cells.map(Cell::new).into());
    }
    if grid.is_empty() {
        remark("no difference");
    } else {
        say(&grid.render(terminal_width(), style));
    }
    Exit::Done
}

/// A value that leaves room for the one beside it.
fn clipped(text: &str) -> String {
    const MOST: usize = 20;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// A run by its name, or a config file as it would be run.
fn side(factory: &ExperimentFactory, name: &str, arguments: &DiffArgs) -> Result<Side, Exit> {
    if !Path::new(name).is_file() {
        let run = Runs::new(&arguments.results, arguments.look).named(name)?;
        return Ok(Side { config: run.config().clone(), best: run.best().cloned().unwrap_or_default() });
    }
    match batch::load(factory, &[name.to_owned()]) {
        Ok(loaded) => {
            let config = loaded.queue.first().map(|queued| queued.config().clone()).unwrap_or_default();
            Ok(Side { config, best: Map::new() })
        }
        Err(problems) => {
            report::show(&problems, &Console::new(OutputArgs::of_color(arguments.look.color)));
            Err(Exit::Usage)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_named_as_briefly_as_they_can_be() {
        let keys = ["hyperparams.lr", "hyperparams.optimizer.kind", "hyperparams.scheduler.kind"].map(str::to_owned);
        assert_eq!(short_names(&keys), ["lr", "optimizer.kind", "scheduler.kind"]);
    }
}
