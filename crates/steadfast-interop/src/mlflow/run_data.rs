//! What a server is told about a run, in its own words.

use serde_json::{Map, Value, json};

use crate::leaves::{hyperparameters, plain};
use crate::run::{RunState, TrackedRun, number};

/// The tag by which a run is found again.
pub(super) const IDENTITY: &str = "steadfast_identity";

/// What older servers take for the value of a parameter, and any for that of a tag.
const LONGEST_PARAMETER: usize = 500;
const LONGEST_TAG: usize = 5000;

/// A run's parameters: what was chosen for the training.
pub(super) fn parameters(run: &TrackedRun) -> Vec<(String, String)> {
    hyperparameters(&run.config)
        .into_iter()
        .map(|(key, value)| (name(&key), cut(&plain(value), LONGEST_PARAMETER)))
        .collect()
}

/// What is known besides figures.
pub(super) fn tags(run: &TrackedRun) -> Vec<(String, String)> {
    let mut tags = vec![
        (IDENTITY.to_owned(), run.identity.clone()),
        ("mlflow.runName".to_owned(), run.name.clone()),
        ("mlflow.source.name".to_owned(), "steadfast".to_owned()),
    ];
    let described = run.config.get("description").and_then(Value::as_str).filter(|text| !text.is_empty());
    tags.extend(described.map(|text| ("mlflow.note.content".to_owned(), text.to_owned())));
    for key in ["config_sha256", "data_sha256", "model_best_sha256", "model_last_sha256"] {
        tags.extend(run.result.get(key).and_then(Value::as_str).map(|hash| (key.to_owned(), hash.to_owned())));
    }
    if let Some((class, message)) = run.error() {
        tags.push(("error".to_owned(), format!("{class}: {message}")));
    }
    tags.into_iter().map(|(key, value)| (key, cut(&value, LONGEST_TAG))).collect()
}

/// The figures of one row.
pub(super) fn metrics(run: &TrackedRun, index: usize) -> Vec<Value> {
    let Some(row) = run.rows.get(index) else { return Vec::new() };
    row_metrics(row, "", run.time_of(index))
}

/// The figures of the best epoch, under names of their own, once the run is over.
pub(super) fn best_metrics(run: &TrackedRun) -> Vec<Value> {
    let is_over = matches!(run.state, RunState::Completed | RunState::Failed);
    let Some(best) = run.figures("best").filter(|_| is_over) else { return Vec::new() };
    let place = run.rows.iter().position(|row| row.get("step") == best.get("step"));
    row_metrics(best, "best_", place.map_or(run.started, |place| run.time_of(place)))
}

fn row_metrics(row: &Map<String, Value>, prefix: &str, time: f64) -> Vec<Value> {
    let step = row.get("step").and_then(Value::as_u64).unwrap_or(0);
    let figures = row.iter().filter(|(key, _)| *key != "step");
    figures
        .filter_map(|(key, value)| {
            // JSON has no word for NaN; the server reads these.
            let value = number(value).map(|_| value.clone())?;
            Some(json!({"key": name(&format!("{prefix}{key}")), "value": value, "step": step, "timestamp": milliseconds(time)}))
        })
        .collect()
}

/// How the server calls the state of a run.
pub(super) fn status(state: RunState) -> &'static str {
    match state {
        RunState::Running => "RUNNING",
        RunState::Completed => "FINISHED",
        RunState::Failed => "FAILED",
        RunState::Interrupted => "KILLED",
    }
}

/// Milliseconds since 1970.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a time between 1970 and the year 292 million"
)]
pub(super) fn milliseconds(seconds: f64) -> u64 {
    (seconds.max(0.0) * 1e3) as u64
}

/// A name that the server takes: letters, digits, and a few signs.
pub(super) fn name(text: &str) -> String {
    text.chars()
        .map(|letter| if letter.is_ascii_alphanumeric() || "_-. /:".contains(letter) { letter } else { '_' })
        .collect()
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most { text.to_owned() } else { text.chars().take(most - 1).chain(['…']).collect() }
}
