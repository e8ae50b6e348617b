//! A run as programs of others are told of it: what is on disk, and of its rows only those that nothing takes back.

use std::collections::BTreeMap;
use std::time::UNIX_EPOCH;

use serde_json::{Map, Value};
use steadfast_config::trajectory_view;
use steadfast_interop::{EVENT_FILE, RunState, TrackedRun, Update, event_file};
use steadfast_state::{Document, RunStatus, RunSummary, StateError, StateManager};
use xxhash_rust::xxh3::xxh3_128;

use crate::run::shown;

/// The folder for event files inside a run's.
const EVENTS: &str = "tensorboard";

/// Reads the run in a folder; nothing if there is none. A run of a sweep is told with the sweep's name before its own.
pub(crate) fn read(state: &StateManager, folder: &str) -> Result<Option<TrackedRun>, StateError> {
    let Some(summary) = state.summary(folder)? else { return Ok(None) };
    let name = shown(state, folder);
    let document = |which: Document| -> Result<Value, StateError> {
        let bytes = state.document(folder, which)?.unwrap_or_default();
        Ok(serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    };
    let (config, timing) = (document(Document::Config)?, document(Document::Timing)?);
    let rows = committed(state.metrics(folder)?, &summary);
    let end = modified(state, folder);
    let times = times(&rows, &timing, end);
    let total = timing.get("total_s").and_then(Value::as_f64).unwrap_or(0.0);
    let started = times.first().map_or(end, |first| first.min(end - total));
    Ok(Some(TrackedRun {
        identity: identity(&name, &config),
        name,
        state: state_of(summary.status),
        config,
        result: summary.result.unwrap_or(Value::Null),
        rows,
        times,
        started,
    }))
}

/// Brings the event file in a run's folder in step with it.
pub(crate) fn write_events(state: &StateManager, folder: &str, run: &TrackedRun) -> Result<(), StateError> {
    let Some(file) = state.side_file(folder, EVENTS, EVENT_FILE)? else { return Ok(()) };
    match event_file(run, file.read()?.as_deref()) {
        Update::Keep => Ok(()),
        Update::Append { at, bytes } => file.append(at, &bytes),
        Update::Replace(bytes) => file.replace(&bytes),
    }
}

/// Whether a run has an event file already.
pub(crate) fn has_events(state: &StateManager, name: &str) -> bool {
    state.has_side_file(name, EVENTS, EVENT_FILE)
}

/// Equal for runs of one name that must come to the same numbers; one that is given more epochs stays the same run.
fn identity(name: &str, config: &Value) -> String {
    let mut trajectory = trajectory_view(config);
    if let Some(hyperparams) = trajectory.get_mut("hyperparams").and_then(Value::as_object_mut) {
        hyperparams.remove("epochs");
    }
    format!("{name}-{:032x}", xxh3_128(trajectory.to_string().as_bytes()))
}

fn state_of(status: RunStatus) -> RunState {
    match status {
        RunStatus::Completed => RunState::Completed,
        RunStatus::Failed => RunState::Failed,
        RunStatus::Interrupted => RunState::Interrupted,
        _ => RunState::Running,
    }
}

/// The rows up to the newest checkpoint: those behind it are made again after a kill. A run that has put its checkpoints
/// away is over.
fn committed(mut rows: Vec<Map<String, Value>>, summary: &RunSummary) -> Vec<Map<String, Value>> {
    let last = match summary.step {
        Some(step) => step,
        None if summary.status == RunStatus::Running => 0,
        None => u64::MAX,
    };
    rows.retain(|row| row.get("step").and_then(Value::as_u64).is_some_and(|step| step <= last));
    rows
}

/// When `metrics.jsonl` was last written, in seconds since 1970.
fn modified(state: &StateManager, folder: &str) -> f64 {
    let file = state.results().join(shown(state, folder)).join("metrics.jsonl");
    let time = fs_err::symlink_metadata(file).and_then(|data| data.modified()).ok();
    time.and_then(|time| time.duration_since(UNIX_EPOCH).ok()).map_or(0.0, |since| since.as_secs_f64())
}

/// When each row was made: the last one when the file was written, those before it by the clocks of the epochs.
fn times(rows: &[Map<String, Value>], timing: &Value, end: f64) -> Vec<f64> {
    let epochs = timing.get("epochs").and_then(Value::as_array).cloned().unwrap_or_default();
    let seconds = |epoch: &Value| -> f64 {
        let clocks = ["train_s", "validate_s", "checkpoint_s"];
        clocks.iter().filter_map(|key| epoch.get(key)?.as_f64()).sum()
    };
    let clocks: BTreeMap<u64, f64> =
        epochs.iter().filter_map(|epoch| Some((epoch.get("epoch")?.as_u64()?, seconds(epoch)))).collect();
    let mut time = end;
    let mut times: Vec<f64> = rows
        .iter()
        .rev()
        .map(|row| {
            let made = time;
            time -= row.get("epoch").and_then(Value::as_u64).and_then(|epoch| clocks.get(&epoch)).unwrap_or(&0.0);
            made
        })
        .collect();
    times.reverse();
    times
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rows_are_dated_back_from_the_end() {
        let rows: Vec<Map<String, Value>> =
            (1..=3).filter_map(|epoch| json!({"epoch": epoch, "step": epoch}).as_object().cloned()).collect();
        let timing = json!({"epochs": [{"epoch": 2, "train_s": 3.0}, {"epoch": 3, "train_s": 1.0, "validate_s": 0.5}]});
        assert_eq!(times(&rows, &timing, 100.0), [95.5, 98.5, 100.0]);
        assert_eq!(times(&rows, &Value::Null, 100.0), [100.0; 3]);
    }

    #[test]
    fn what_was_tuned_makes_another_run_and_what_was_not_does_not() {
        let config = |lr: f64, keep: u64| json!({"name": "a", "hyperparams": {"lr": lr, "epochs": keep}, "checkpoint": {"keep": keep}});
        assert_eq!(identity("a", &config(0.1, 2)), identity("a", &config(0.1, 3)));
        assert_ne!(identity("a", &config(0.1, 2)), identity("a", &config(0.2, 2)));
    }
}
