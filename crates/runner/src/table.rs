//! The tables of a batch and of a results folder: one line for each experiment.

use serde_json::{Map, Value, json};
use steadfast_experiment::RunResult;
use steadfast_state::RunStatus;

use crate::grid::{Cell, Column, Grid, Look, say, say_json, terminal_width};
use crate::list::result_of;
use crate::number::{duration, metric};
use crate::row::{Row, RowStatus};
use crate::run::Run;
use crate::style::Style;

/// What a line of a table is made of.
struct Line<'a> {
    name: &'a str,
    status: Cell,
    result: Option<RunResult>,
    /// More columns behind the metrics.
    more: Vec<String>,
}

/// Prints the end of a batch as a table, or as JSON.
pub(crate) fn print(rows: &[Row], as_json: bool, style: Style) {
    if as_json {
        return say_json(&rows.iter().map(row_json).collect());
    }
    let lines: Vec<Line<'_>> = rows
        .iter()
        .map(|row| Line {
            name: &row.name,
            status: status(row.status),
            result: row.result.clone(),
            more: vec![if row.time.is_zero() { String::new() } else { duration(row.time) }],
        })
        .collect();
    say(&text(&lines, &["time"], terminal_width(), style));
}

/// Prints the runs of a results folder, with a column for each key that they were chosen by.
pub(crate) fn print_runs(runs: &[Run], keys: &[&str], style: Style) {
    const SHOWN: [&str; 4] = ["name", "status", "epochs", "best_epoch"];
    let mut more: Vec<&str> = Vec::new();
    for key in keys.iter().filter(|key| !SHOWN.contains(key) && !key.starts_with("val_")) {
        if !more.contains(key) {
            more.push(key);
        }
    }
    let lines: Vec<Line<'_>> = runs
        .iter()
        .map(|run| Line {
            name: run.name(),
            status: run_status(run.summary.status),
            result: result_of(&run.summary),
            more: more.iter().map(|key| run.get(key).as_ref().map_or(String::new(), shown)).collect(),
        })
        .collect();
    say(&text(&lines, &more, terminal_width(), style));
}

/// A value of a config or a figure, for a table.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

fn status(status: RowStatus) -> Cell {
    let (text, look) = match status {
        RowStatus::Failed(class) => (format!("failed: {}", class.name()), Look::Bad),
        RowStatus::Completed => (status.name().to_owned(), Look::Good),
        RowStatus::AlreadyCompleted | RowStatus::Paused => (status.name().to_owned(), Look::Dim),
        RowStatus::Interrupted | RowStatus::NotRun => (status.name().to_owned(), Look::Warn),
        status => (status.name().to_owned(), Look::Bad),
    };
    Cell::new(text).look(look)
}

/// How a run stands, in its color.
pub(crate) fn run_status(status: RunStatus) -> Cell {
    let look = match status {
        RunStatus::Completed => Look::Good,
        RunStatus::Failed => Look::Bad,
        RunStatus::Running => Look::Bold,
        _ => Look::Warn,
    };
    Cell::new(status.as_str()).look(look)
}

/// The validation metrics that any of the lines has, in the order they first appear.
fn metric_names(lines: &[Line<'_>]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for best in lines.iter().filter_map(|line| line.result.as_ref()?.best.as_ref()) {
        for name in best.keys().filter(|name| name.starts_with("val_")) {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
    }
    names
}

fn text(lines: &[Line<'_>], more: &[&str], width: Option<usize>, style: Style) -> String {
    let metrics = metric_names(lines);
    let mut columns = vec![Column::left("experiment"), Column::left("status")];
    let right =
        ["epochs", "best epoch"].into_iter().chain(metrics.iter().map(String::as_str)).chain(more.iter().copied());
    columns.extend(right.map(Column::right));
    let mut grid = Grid::new(columns);
    for line in lines {
        grid.row(cells(line, &metrics));
    }
    grid.render(width, style)
}

fn cells(line: &Line<'_>, metrics: &[String]) -> Vec<Cell> {
    let result = line.result.as_ref();
    let best = result.and_then(|result| result.best.as_ref());
    let mut cells = vec![Cell::new(line.name).look(Look::Bold), line.status.clone()];
    cells.push(Cell::new(result.map_or(String::new(), |result| result.epochs.to_string())));
    cells.push(Cell::new(best.and_then(|best| best.get("epoch")).map_or(String::new(), Value::to_string)));
    cells.extend(metrics.iter().map(|name| Cell::new(figure(best, name))));
    cells.extend(line.more.iter().map(Cell::new));
    cells
}

/// A figure of a row of metrics; those that are not finite are texts there.
pub(crate) fn figure(row: Option<&Map<String, Value>>, name: &str) -> String {
    match row.and_then(|row| row.get(name)) {
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.as_f64().map_or(String::new(), metric),
        None => String::new(),
    }
}

fn row_json(row: &Row) -> Value {
    json!({
        "name": row.name,
        "status": row.status.name(),
        "reason": row.reason,
        "time_s": row.time.as_secs_f64(),
        "result": row.result,
    })
}
