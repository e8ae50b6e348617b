//! Everything that the page's script is told, as one JSON value.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::curves::Curves;
use crate::environment::Environments;
use crate::groups::{Groups, choices_json};
use crate::importance;
use crate::parameters::{Parameters, exact};
use crate::record::{Report, RunRecord};

/// Parts of the names of metrics of which more is better.
const MORE_IS_BETTER: [&str; 9] = ["accuracy", "precision", "recall", "f1", "auc", "r2", "bleu", "top", "iou"];

/// Keys of `result.json` that go to the page as they are.
const RESULT_KEYS: [&str; 13] = [
    "epochs",
    "steps",
    "stopped_early",
    "best",
    "last",
    "parameters",
    "error",
    "config_sha256",
    "data_sha256",
    "model_best_sha256",
    "model_last_sha256",
    "byte_identical_reason",
    "lineage",
];

/// Bytes of confusion matrices that a page holds at most.
const MOST_MATRICES: usize = 1 << 20;

/// What decides which run is best.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Monitor {
    pub(crate) metric: String,
    pub(crate) goal: String,
}

impl Monitor {
    /// What most runs monitor; the first of equally many.
    pub(crate) fn of(runs: &[RunRecord]) -> Self {
        let mut votes: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for run in runs {
            let key = |key: &str| run.config.get("checkpoint")?.get(key)?.as_str();
            if let Some(metric) = key("monitor") {
                *votes.entry((metric, key("mode").unwrap_or("min"))).or_default() += 1;
            }
        }
        let (metric, goal) =
            votes.into_iter().rev().max_by_key(|(_, count)| *count).map_or(("val_loss", "min"), |(choice, _)| choice);
        Self { metric: metric.to_owned(), goal: goal.to_owned() }
    }
}

/// The whole of it.
pub(crate) fn of(report: &Report, monitor: &Monitor) -> Value {
    let runs = &report.runs;
    let parameters = Parameters::of(&runs.iter().map(|run| &run.config).collect::<Vec<_>>());
    let groups = Groups::of(&runs.iter().map(|run| run.name.as_str()).collect::<Vec<_>>(), &parameters);
    let environments = Environments::of(runs);
    let curves = Curves::of(runs);
    let ranked = ranked_metrics(&curves.metrics, monitor);
    let goals: Map<String, Value> =
        curves.metrics.iter().map(|name| (name.clone(), goal_of(name, monitor).into())).collect();
    let mut matrices = 0;
    let rows: Vec<Value> = runs
        .iter()
        .enumerate()
        .map(|(index, run)| {
            let mut row = run_json(run, &mut matrices);
            row.insert("group".to_owned(), groups.of[index].into());
            row.insert("environment".to_owned(), json!(environments.of[index]));
            row.insert("values".to_owned(), choices_json(&parameters, index));
            row.insert("curves".to_owned(), curves.runs[index].clone());
            Value::Object(row)
        })
        .collect();
    json!({
        "title": report.title,
        "program": report.program,
        "ordered": report.ordered,
        "monitor": {"metric": monitor.metric, "goal": monitor.goal},
        "metrics": curves.metrics,
        "goals": goals,
        "stride": curves.stride,
        "parameters": parameters.differing.iter().map(crate::parameters::Parameter::to_json).collect::<Vec<_>>(),
        "common": parameters.common.iter().map(|(key, value)| json!([key, exact(value)])).collect::<Vec<_>>(),
        "groups": groups.labels,
        "environments": environments.distinct,
        "importance": importance::of(runs, &parameters, &ranked),
        "pool": curves.pool,
        "runs": rows,
    })
}

/// The monitored metric first, then what else is validated.
fn ranked_metrics<'a>(metrics: &'a [String], monitor: &'a Monitor) -> Vec<&'a str> {
    let mut ranked = vec![monitor.metric.as_str()];
    ranked
        .extend(metrics.iter().map(String::as_str).filter(|name| name.starts_with("val_") && *name != monitor.metric));
    ranked
}

fn goal_of<'a>(metric: &str, monitor: &'a Monitor) -> &'a str {
    if metric == monitor.metric {
        &monitor.goal
    } else if MORE_IS_BETTER.iter().any(|part| metric.contains(part)) {
        "max"
    } else {
        "min"
    }
}

fn run_json(run: &RunRecord, matrices: &mut usize) -> Map<String, Value> {
    let mut row = Map::new();
    row.insert("name".to_owned(), run.name.clone().into());
    row.insert("status".to_owned(), run.status.clone().into());
    for key in RESULT_KEYS {
        if let Some(value) = run.result.get(key).filter(|value| !value.is_null()) {
            row.insert(key.to_owned(), exact(value));
        }
    }
    for (key, from) in [("seconds", "total_s"), ("memory", "peak_memory_bytes"), ("starts", "starts")] {
        if let Some(value) = run.timing.get(from).filter(|value| value.is_number()) {
            row.insert(key.to_owned(), value.clone());
        }
    }
    if let Some(evaluation) = run.result.get("evaluation").and_then(Value::as_object) {
        let mut evaluation = evaluation.clone();
        if let Some(matrix) = evaluation.get("confusion_matrix") {
            *matrices += matrix.to_string().len();
            if *matrices > MOST_MATRICES {
                evaluation.insert("confusion_matrix".to_owned(), "left out".into());
            }
        }
        row.insert("evaluation".to_owned(), Value::Object(evaluation));
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_majority_says_what_is_best() {
        let run = |metric: &str, mode: &str| RunRecord {
            config: json!({"checkpoint": {"monitor": metric, "mode": mode}}),
            ..RunRecord::default()
        };
        let runs = [run("val_loss", "min"), run("val_f1", "max"), run("val_f1", "max")];
        let monitor = Monitor::of(&runs);
        assert_eq!((monitor.metric.as_str(), monitor.goal.as_str()), ("val_f1", "max"));
        assert_eq!(Monitor::of(&[]).metric, "val_loss");
        assert_eq!(goal_of("val_f1", &monitor), "max");
        assert_eq!(goal_of("val_accuracy", &monitor), "max");
        assert_eq!(goal_of("val_loss", &monitor), "min");
    }

    #[test]
    fn matrices_beyond_the_limit_are_left_out_and_said_to_be() {
        let counts = vec![vec![1; 400]; 400];
        let result = json!({"evaluation": {"accuracy": 0.5, "confusion_matrix": {"counts": counts}}});
        let run = RunRecord { result, ..RunRecord::default() };
        let mut matrices = 0;
        let kept = |matrices: &mut usize| run_json(&run, matrices)["evaluation"]["confusion_matrix"].is_object();
        assert_eq!(
            [kept(&mut matrices), kept(&mut matrices), kept(&mut matrices), kept(&mut matrices)],
            [true, true, true, false]
        );
    }
}
