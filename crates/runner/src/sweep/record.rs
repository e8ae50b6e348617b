//! What the results folder knows of a run, as far as a search has to know.

use serde_json::{Map, Value};
use steadfast_experiment::{FailureClass, RunResult, RunStatus};
use steadfast_state::{Document, StateManager};
use steadfast_sweep::{Curve, End};

use crate::batch::Queued;
use crate::halting::Halting;

/// How far a run has come, and how well.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) curve: Curve,
    pub(super) end: End,
    /// Epochs that count: a run may have more behind a halt.
    pub(super) epochs: u64,
    /// Whether `result.json` says that the run is at its end; its files are then looked at once.
    pub(super) is_complete: bool,
}

/// What is known of a run; nothing if there is something left to do before the search can go on.
pub(super) fn known(state: &StateManager, queued: &Queued) -> Option<Record> {
    let halting = queued.halting.as_ref()?;
    let bytes = state.document(queued.name(), Document::Result).ok()??;
    let result: RunResult = serde_json::from_slice(&bytes).ok()?;
    if result.config_sha256 != queued.plan.config_sha256 {
        return None;
    }
    let rows: Vec<Map<String, Value>> = state.metrics(queued.name()).unwrap_or_default();
    let curve = halting.curve(&rows);
    let is_complete = result.status == RunStatus::Completed;
    // A halt decides before the end does: the search is the same, however far somebody has taken the run since.
    if let Some(epoch) = halting.due(&curve, result.epochs) {
        return Some(Record { curve: curve.until(epoch), end: End::Paused(epoch), epochs: epoch, is_complete });
    }
    let end = match result.status {
        RunStatus::Completed => End::Complete,
        RunStatus::Failed if is_final(&result) => End::Failed,
        _ => return None,
    };
    Some(Record { curve: curve.until(result.epochs), end, epochs: result.epochs, is_complete })
}

/// Whether the same run would fail again in the same way, so that its failure is a result like any other.
fn is_final(result: &RunResult) -> bool {
    result.error.as_ref().is_some_and(|error| error.class == FailureClass::Numeric)
}

/// The halts of a run as its worker needs them.
pub(super) fn halting(metric: &str, halts: steadfast_sweep::Halts) -> Halting {
    Halting { metric: metric.to_owned(), halts }
}
