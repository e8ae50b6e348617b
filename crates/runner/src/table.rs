//! Tables on standard output: the experiments of a batch, the runs of a results folder.

use std::io::{IsTerminal, Write, stdout};

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};
use serde_json::{Map, Value, json};
use steadfast_experiment::RunResult;
use steadfast_state::RunSummary;

use crate::list::result_of;
use crate::number::{duration, metric};
use crate::row::{Row, RowStatus};

/// What a line of a table is made of.
struct Line<'a> {
    name: &'a str,
    status: String,
    result: Option<RunResult>,
    /// The last column.
    time: Option<String>,
}

/// Prints the end of a batch as a table, or as JSON.
pub(crate) fn print(rows: &[Row], as_json: bool) {
    if as_json {
        return write(&json_text(rows));
    }
    let lines: Vec<Line<'_>> = rows
        .iter()
        .map(|row| Line {
            name: &row.name,
            status: status(row.status),
            result: row.result.clone(),
            time: Some(if row.time.is_zero() { String::new() } else { duration(row.time) }),
        })
        .collect();
    write(&text(&lines, terminal_width()));
}

/// Prints the runs of a results folder.
pub(crate) fn print_runs(summaries: &[RunSummary]) {
    let lines: Vec<Line<'_>> = summaries
        .iter()
        .map(|summary| Line {
            name: &summary.name,
            status: summary.status.as_str().to_owned(),
            result: result_of(summary),
            time: None,
        })
        .collect();
    write(&text(&lines, terminal_width()));
}

fn write(text: &str) {
    // A reader that has gone away must not turn a finished batch into an error.
    let _ = writeln!(stdout().lock(), "{text}");
}

fn status(status: RowStatus) -> String {
    match status {
        RowStatus::Failed(class) => format!("failed: {}", class.name()),
        status => status.name().to_owned(),
    }
}

fn terminal_width() -> Option<u16> {
    let stdout = stdout();
    if !stdout.is_terminal() {
        return None;
    }
    rustix::termios::tcgetwinsize(&stdout).ok().map(|size| size.ws_col).filter(|width| *width > 20)
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

fn text(lines: &[Line<'_>], width: Option<u16>) -> String {
    let metrics = metric_names(lines);
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    if let Some(width) = width {
        table.set_width(width).set_content_arrangement(ContentArrangement::Dynamic);
    }
    let timed = lines.iter().any(|line| line.time.is_some());
    let mut header: Vec<String> = ["experiment", "status", "epochs", "best epoch"].map(str::to_owned).into();
    header.extend(metrics.iter().cloned());
    header.extend(timed.then(|| "time".to_owned()));
    table.set_header(header);
    for line in lines {
        table.add_row(cells(line, &metrics));
    }
    for column in table.column_iter_mut().skip(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.trim_fmt()
}

fn cells(line: &Line<'_>, metrics: &[String]) -> Vec<Cell> {
    let result = line.result.as_ref();
    let best = result.and_then(|result| result.best.as_ref());
    let mut cells = vec![Cell::new(line.name), Cell::new(&line.status)];
    cells.push(Cell::new(result.map_or(String::new(), |result| result.epochs.to_string())));
    cells.push(Cell::new(best.and_then(|best| best.get("epoch")).map_or(String::new(), Value::to_string)));
    cells.extend(metrics.iter().map(|name| Cell::new(figure(best, name))));
    cells.extend(line.time.as_ref().map(Cell::new));
    cells
}

fn figure(best: Option<&Map<String, Value>>, name: &str) -> String {
    match best.and_then(|best| best.get(name)) {
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.as_f64().map_or(String::new(), metric),
        None => String::new(),
    }
}

fn json_text(rows: &[Row]) -> String {
    let rows: Vec<Value> = rows
        .iter()
        .map(|row| {
            json!({
                "name": row.name,
                "status": row.status.name(),
                "reason": row.reason,
                "time_s": row.time.as_secs_f64(),
                "result": row.result,
            })
        })
        .collect();
    serde_json::to_string_pretty(&rows).unwrap_or_default()
}
