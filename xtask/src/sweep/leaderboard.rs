//! What came out of a study, best first, with only the parameters that differ.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result};
use comfy_table::Cell;
use serde_json::Value;

use crate::report;

use super::grid::{self, Goal};

/// One run: what was asked for and what `result.json` says of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    name: String,
    /// Every leaf of the config by its dotted path.
    parameters: BTreeMap<String, String>,
    status: String,
    /// The goal's metric at the best epoch.
    metric: Option<f64>,
    epoch: Option<u64>,
}

impl Row {
    /// Whether the run came to its end with the metric it was made for.
    pub(super) fn is_complete(&self) -> bool {
        self.status == "completed" && self.metric.is_some_and(f64::is_finite)
    }
}

/// Reads the results of a study's configs, best first.
pub(super) fn read(configs: &[Value], goal: Goal, results: &Path) -> Result<Vec<Row>> {
    let mut rows = configs.iter().map(|config| read_row(config, goal, results)).collect::<Result<Vec<_>>>()?;
    rows.sort_by(|left, right| order(goal, left, right));
    Ok(rows)
}

fn read_row(config: &Value, goal: Goal, results: &Path) -> Result<Row> {
    let path = results.join(grid::name(config)).join("result.json");
    let result = if path.is_file() {
        serde_json::from_str::<Value>(&fs_err::read_to_string(&path)?)
            .with_context(|| format!("{} is not JSON", path.display()))?
    } else {
        Value::Null
    };
    Ok(row(config, goal, &result))
}

fn row(config: &Value, goal: Goal, result: &Value) -> Row {
    let mut parameters = BTreeMap::new();
    flatten("", config, &mut parameters);
    parameters.remove("name");
    Row {
        name: grid::name(config).to_owned(),
        parameters,
        status: result["status"].as_str().unwrap_or("no result").to_owned(),
        metric: result["best"][goal.metric()].as_f64(),
        epoch: result["best"]["epoch"].as_u64(),
    }
}

fn flatten(path: &str, value: &Value, leaves: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                flatten(&path, member, leaves);
            }
        }
        Value::String(text) => _ = leaves.insert(path.to_owned(), text.clone()),
        leaf => _ = leaves.insert(path.to_owned(), leaf.to_string()),
    }
}

/// Complete runs first, then by metric, then by name so that equal results keep their places.
fn order(goal: Goal, left: &Row, right: &Row) -> Ordering {
    let worst = match goal {
        Goal::Accuracy => f64::NEG_INFINITY,
        Goal::Loss => f64::INFINITY,
    };
    let metric = |row: &Row| row.metric.unwrap_or(worst);
    let by_metric = match goal {
        Goal::Accuracy => metric(right).total_cmp(&metric(left)),
        Goal::Loss => metric(left).total_cmp(&metric(right)),
    };
    right.is_complete().cmp(&left.is_complete()).then(by_metric).then_with(|| left.name.cmp(&right.name))
}

/// The rows as a table.
pub(super) fn render(rows: &[Row], goal: Goal) -> String {
    let keys = differing(rows);
    let shorts = keys.iter().map(|key| key.rsplit('.').next().unwrap_or_default());
    let titles = ["", goal.metric(), "epoch"].into_iter().chain(shorts).chain(["status", "run"]);
    let mut table = report::table(titles);
    for (index, row) in rows.iter().enumerate() {
        let mut cells = vec![
            report::number(index + 1),
            report::number(row.metric.map_or_else(|| "-".to_owned(), |metric| format!("{metric:.4}"))),
            report::number(row.epoch.map_or_else(|| "-".to_owned(), |epoch| epoch.to_string())),
        ];
        cells.extend(keys.iter().map(|key| Cell::new(row.parameters.get(*key).map_or("-", String::as_str))));
        cells.extend([Cell::new(&row.status), Cell::new(&row.name)]);
        table.add_row(cells);
    }
    table.trim_fmt()
}

/// The parameters that are not the same in all rows.
fn differing(rows: &[Row]) -> Vec<&str> {
    let Some(first) = rows.first() else { return Vec::new() };
    let keys = first.parameters.keys().map(String::as_str);
    keys.filter(|key| rows.iter().any(|row| row.parameters.get(*key) != first.parameters.get(*key))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn config(name: &str, rate: f64, optimizer: &str) -> Value {
        json!({"name": name, "model_type": "MLP", "hyperparams": {"lr": rate, "optimizer": optimizer}})
    }

    fn result(metric: &str, value: f64) -> Value {
        json!({"status": "completed", "best": {"epoch": 3, metric: value}})
    }

    fn ranked(goal: Goal, values: &[(&str, Value)]) -> Vec<Row> {
        let mut rows =
            values.iter().map(|(name, result)| row(&config(name, 0.1, "sgd"), goal, result)).collect::<Vec<_>>();
        rows.sort_by(|left, right| order(goal, left, right));
        rows
    }

    fn names(rows: &[Row]) -> Vec<&str> {
        rows.iter().map(|row| row.name.as_str()).collect()
    }

    #[test]
    fn the_best_run_is_first_and_failures_are_last() {
        let failed = json!({"status": "failed", "best": {"epoch": 1, "val_accuracy": 1.0, "val_loss": 0.0}});
        for (goal, expected) in [
            (Goal::Accuracy, ["high", "low", "a-failed", "missing"]),
            (Goal::Loss, ["low", "high", "a-failed", "missing"]),
        ] {
            let metric = goal.metric();
            let values = [
                ("missing", Value::Null),
                ("low", result(metric, 0.5)),
                ("a-failed", failed.clone()),
                ("high", result(metric, 0.75)),
            ];
            assert_eq!(names(&ranked(goal, &values)), expected, "{goal:?}");
        }
    }

    #[test]
    fn equal_runs_stand_in_order_of_their_names() {
        let values = [("b", result("val_accuracy", 0.5)), ("a", result("val_accuracy", 0.5))];
        assert_eq!(names(&ranked(Goal::Accuracy, &values)), ["a", "b"]);
    }

    #[test]
    fn only_what_differs_is_shown() {
        let goal = Goal::Accuracy;
        let rows = [
            row(&config("x-0.1", 0.1, "sgd"), goal, &result("val_accuracy", 0.96875)),
            row(&config("x-0.01", 0.01, "sgd"), goal, &Value::Null),
        ];
        let expected = "   val_accuracy  epoch  lr    status     run
-------------------------------------------------
1        0.9688      3  0.1   completed  x-0.1
2             -      -  0.01  no result  x-0.01";
        assert_eq!(render(&rows, goal), expected);
    }

    #[test]
    fn a_run_without_its_metric_is_not_complete() {
        let complete = |result: Value| row(&config("x", 0.1, "sgd"), Goal::Loss, &result).is_complete();
        assert!(complete(result("val_loss", 0.5)));
        assert!(!complete(result("val_accuracy", 0.5)));
        assert!(!complete(json!({"status": "interrupted", "best": {"val_loss": 0.5}})));
        assert!(!complete(Value::Null));
    }
}
