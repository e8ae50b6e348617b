//! `runner show`: everything about one run on one screen.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde_json::{Map, Value, json};
use steadfast_state::Document;

use crate::exit_code::Exit;
use crate::grid::{Cell, Column, Grid, Look, headline, say, say_json, terminal_width};
use crate::look::LookArgs;
use crate::number::{count, duration, metric};
use crate::run::{Run, Runs};
use crate::style::Style;
use crate::table::{figure, run_status};

/// Rows of metrics that are shown.
const ROWS: usize = 8;

/// Heights of a curve.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// How many columns a curve has at most.
const CURVE: usize = 40;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    runner show digits-cnn             how it stands, its figures and its curves\n  \
    runner show digits-cnn --json      config, result, metrics, clocks and environment in one document")]
pub(crate) struct ShowArgs {
    /// The run.
    name: String,
    /// Where results are kept.
    #[arg(long, value_name = "DIR", default_value = "results")]
    results: PathBuf,
    #[command(flatten)]
    look: LookArgs,
}

pub(crate) fn run(arguments: &ShowArgs) -> Exit {
    let runs = Runs::new(&arguments.results, arguments.look);
    let run = match runs.named(&arguments.name) {
        Ok(run) => run,
        Err(exit) => return exit,
    };
    if arguments.look.json {
        say_json(&as_json(&run));
        return Exit::Done;
    }
    let style = arguments.look.style();
    let rows = run.metrics();
    let mut parts = vec![heading(&run, style), facts(&run).render(terminal_width(), style)];
    parts.extend(curves(&run, &rows, style));
    let table = last_rows(&run, &rows);
    // Where the table does not fit, the curves say enough.
    if !table.is_empty() && terminal_width().is_none_or(|width| table.width() <= width) {
        parts.push(table.render(None, style));
    }
    say(&parts.join("\n\n"));
    Exit::Done
}

fn as_json(run: &Run) -> Value {
    json!({
        "name": run.name(),
        "status": run.summary.status.as_str(),
        "step": run.summary.step,
        "pid": run.summary.pid,
        "config": run.config(),
        "result": run.summary.result,
        "metrics": run.metrics(),
        "timing": run.document(Document::Timing),
        "environment": run.document(Document::Environment),
    })
}

fn heading(run: &Run, style: Style) -> String {
    headline(run.name(), Look::Bold, run.config()["description"].as_str().unwrap_or_default(), style)
}

/// What there is to know in words.
fn facts(run: &Run) -> Grid {
    let mut grid = Grid::new(vec![Column::left(""), Column::prose("")]);
    let mut fact = |name: &str, cell: Cell| grid.row(vec![Cell::new(name).look(Look::Dim), cell]);
    fact("status", run_status(run.summary.status));
    if let Some(error) = run.result.get("error").and_then(Value::as_object) {
        let text = |key: &str| error.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let look = if text("class") == "interrupted" { Look::Warn } else { Look::Bad };
        fact("", Cell::new(format!("{}: {}", text("class"), text("message"))).look(look));
    }
    if let Some(pid) = run.summary.pid {
        fact("held by", Cell::new(format!("process {pid}")));
    }
    let config = run.config();
    let text = |value: &Value| value.as_str().map_or_else(String::new, str::to_owned);
    let parameters = run.result.get("parameters").and_then(Value::as_u64);
    let parameters = parameters.map(|number| format!(", {} parameters", count(number))).unwrap_or_default();
    fact("model", Cell::new(format!("{}{parameters}", text(&config["model_type"]))));
    fact("data", Cell::new(text(&config["dataset_path"])));
    fact("training", Cell::new(training(config)));
    let tags: Vec<String> = config["tags"].as_array().into_iter().flatten().map(text).collect();
    if !tags.is_empty() {
        fact("tags", Cell::new(tags.join(", ")));
    }
    let number = |key: &str| run.result.get(key).and_then(Value::as_u64).map_or_else(|| "?".to_owned(), count);
    let wanted =
        config["hyperparams"]["epochs"].as_u64().map_or_else(String::new, |epochs| format!(" of {}", count(epochs)));
    fact("trained", Cell::new(format!("{}{wanted} epochs, {} steps", number("epochs"), number("steps"))));
    for key in ["best", "last"] {
        if let Some(row) = run.result.get(key).and_then(Value::as_object) {
            fact(key, Cell::new(figures(row)).look(if key == "best" { Look::Good } else { Look::Plain }));
        }
    }
    if let Some(timing) = run.document(Document::Timing) {
        fact("time", Cell::new(clocks(&timing)));
    }
    if let Some(reason) = run.result.get("byte_identical_reason").and_then(Value::as_str) {
        fact("note", Cell::new(format!("not byte-identical: {reason}")).look(Look::Warn));
    }
    grid
}

/// `adam, lr 0.001, batches of 32, cosine`.
fn training(config: &Value) -> String {
    let hyperparams = &config["hyperparams"];
    let kind = |key: &str| hyperparams[key]["kind"].as_str().unwrap_or("?").to_owned();
    format!(
        "{}, lr {}, batches of {}, {}, seed {}",
        kind("optimizer"),
        hyperparams["lr"],
        hyperparams["batch_size"],
        kind("scheduler"),
        config["seed"]
    )
}

/// `epoch 12: val_loss 0.0306, val_accuracy 1.0000`.
fn figures(row: &Map<String, Value>) -> String {
    let figures =
        row.keys().filter(|key| key.starts_with("val_")).map(|key| format!("{key} {}", figure(Some(row), key)));
    let epoch = row.get("epoch").map(Value::to_string).unwrap_or_default();
    format!("epoch {epoch}: {}", figures.collect::<Vec<_>>().join(", "))
}

fn clocks(timing: &Value) -> String {
    let seconds = timing["total_s"].as_f64().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let mut text = seconds.map_or_else(String::new, duration);
    if let Some(starts) = timing["starts"].as_u64().filter(|starts| *starts > 1) {
        let _ = write!(text, " in {starts} starts");
    }
    if let Some(bytes) = timing["peak_memory_bytes"].as_u64() {
        let _ = write!(text, ", at most {} of memory", crate::number::bytes(bytes));
    }
    text
}

/// One line for each figure: how it went over the epochs.
fn curves(run: &Run, rows: &[Map<String, Value>], style: Style) -> Option<String> {
    let first = rows.first().filter(|_| rows.len() > 1)?;
    let names = first.keys().filter(|key| *key == "train_loss" || key.starts_with("val_"));
    let mut grid = Grid::new(vec![Column::left(""), Column::left(""), Column::left("")]);
    for name in names {
        let values: Vec<f64> =
            rows.iter().map(|row| row.get(name).and_then(Value::as_f64).unwrap_or(f64::NAN)).collect();
        let ends = [values.first(), values.last()].map(|value| metric(value.copied().unwrap_or(f64::NAN)));
        let monitored = run.config()["checkpoint"]["monitor"] == **name;
        let look = if monitored { Look::Good } else { Look::Plain };
        let cells =
            [Cell::new(name).look(Look::Dim), Cell::new(curve(&values)).look(look), Cell::new(ends.join(" to "))];
        grid.row(cells.into());
    }
    Some(grid.render(terminal_width(), style))
}

/// The values as bars, each the mean of as many as share its column.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and the number of bars")]
fn curve(values: &[f64]) -> String {
    let columns = values.len().min(CURVE);
    let means: Vec<f64> = (0..columns)
        .map(|column| {
            let part = &values[column * values.len() / columns..(column + 1) * values.len() / columns];
            part.iter().sum::<f64>() / part.len() as f64
        })
        .collect();
    let finite = means.iter().copied().filter(|value| value.is_finite());
    let (low, high) =
        finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    let bar = |value: &f64| match value.is_finite() {
        false => '×',
        true if high <= low => BARS[0],
        true => BARS[(((value - low) / (high - low)) * (BARS.len() - 1) as f64).round() as usize],
    };
    means.iter().map(bar).collect()
}

/// The last rows of `metrics.jsonl`.
fn last_rows(run: &Run, rows: &[Map<String, Value>]) -> Grid {
    let shown = &rows[rows.len().saturating_sub(ROWS)..];
    let names: Vec<&String> = rows.first().map(|row| row.keys().collect()).unwrap_or_default();
    let mut grid = Grid::new(names.iter().map(|name| Column::right(name.as_str())).collect());
    let best = run.best().and_then(|best| best.get("epoch"));
    for row in shown {
        let look = if row.get("epoch") == best { Look::Good } else { Look::Plain };
        let cell = |name: &&String| match (name.as_str(), row.get(*name)) {
            ("epoch" | "step", Some(value)) => value.to_string(),
            ("lr", Some(value)) => value.as_f64().map_or(String::new(), crate::number::rate),
            _ => figure(Some(row), name),
        };
        grid.row(names.iter().map(|name| Cell::new(cell(name)).look(look)).collect());
    }
    grid
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_shows_where_it_went() {
        assert_eq!(curve(&[8.0, 4.0, 2.0, 1.0]), "█▄▂▁");
        assert_eq!(curve(&[1.0, f64::NAN, 1.0]), "▁×▁");
        assert_eq!(curve(&(0..1000).map(f64::from).collect::<Vec<_>>()).chars().count(), CURVE);
    }
}
