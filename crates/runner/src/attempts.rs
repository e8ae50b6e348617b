//! `attempts.json`: the failures of a run so far, on disk, so that a limit on retries outlives a kill.

use serde::{Deserialize, Serialize};
use steadfast_experiment::FailureReport;
use steadfast_state::{Document, StateError, StateManager};

/// The failures since a start that was not a retry.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Attempts {
    /// What went wrong, the oldest first.
    pub(crate) failures: Vec<FailureReport>,
    /// True once the run was given up or completed: the next start counts anew.
    pub(crate) closed: bool,
}

impl Attempts {
    /// What stands on disk for a run. A series that was cut off by a kill goes on; anything else begins a new one.
    pub(crate) fn read(state: &StateManager, name: &str) -> Self {
        let bytes = state.document(name, Document::Attempts).ok().flatten().unwrap_or_default();
        let found: Self = serde_json::from_slice(&bytes).unwrap_or_default();
        if found.closed { Self::default() } else { found }
    }

    /// Counts one more failure.
    pub(crate) fn add(&mut self, failure: FailureReport) {
        self.failures.push(failure);
    }

    /// Attempts that are left of `retries` after the first.
    pub(crate) fn left(&self, retries: u32) -> u32 {
        let used = u32::try_from(self.failures.len()).unwrap_or(u32::MAX);
        (retries + 1).saturating_sub(used)
    }

    /// Puts the count on disk, under the run's lock. Nobody else is in the folder: the worker is gone.
    pub(crate) fn write(&self, state: &StateManager, name: &str) -> Result<(), StateError> {
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        state.open(name)?.write_document(Document::Attempts, &bytes)
    }
}

#[cfg(test)]
mod tests {
    use steadfast_experiment::FailureClass;

    use super::*;

    #[test]
    fn a_series_outlives_the_process_until_it_is_closed() {
        let results = tempfile::tempdir().unwrap();
        let state = StateManager::new(results.path());
        let mut attempts = Attempts::read(&state, "a");
        assert_eq!(attempts.left(2), 3, "the first start and two retries");
        attempts.add(FailureReport { class: FailureClass::Storage, message: "full".to_owned() });
        attempts.write(&state, "a").unwrap();
        assert_eq!(Attempts::read(&state, "a"), attempts);
        assert_eq!(Attempts::read(&state, "a").left(2), 2);
        attempts.closed = true;
        attempts.write(&state, "a").unwrap();
        assert_eq!(Attempts::read(&state, "a"), Attempts::default());
    }
}
