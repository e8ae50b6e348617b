//! A run that is finished: is it this config's, and are its files still what its checkpoint says?

use steadfast_experiment::{Rebuilt, RunResult, TrainError, one_line, rebuild};
use steadfast_state::{Document, ModelFile, StateError, StateManager};

use crate::batch::Queued;

/// What became of the files of a finished run.
pub(crate) enum Inspection {
    Sound,
    MadeAnew(Vec<&'static str>),
    /// The newest valid checkpoint is not the end.
    Unfinished,
    /// Something is damaged for good.
    Lost(String),
}

/// The result of a run that has nothing left to do for this very config.
pub(crate) fn finished(state: &StateManager, queued: &Queued) -> Option<RunResult> {
    let bytes = state.document(queued.name(), Document::Result).ok()??;
    let result: RunResult = serde_json::from_slice(&bytes).ok()?;
    (result.is_completed() && result.config_sha256 == queued.plan.config_sha256).then_some(result)
}

/// Holds the files of a finished run against its newest checkpoint, and makes those anew that differ.
pub(crate) fn inspect(state: &StateManager, queued: &Queued, result: &RunResult) -> Inspection {
    // A folder that cannot be written, or that somebody else holds, is believed as it is.
    let Ok(mut folder) = state.open(queued.name()) else { return Inspection::Sound };
    match rebuild(&mut folder, &queued.plan) {
        Ok(Rebuilt::Finished(files)) if files.is_empty() => Inspection::Sound,
        Ok(Rebuilt::Finished(files)) => Inspection::MadeAnew(files),
        Ok(Rebuilt::NoCheckpoint) | Err(TrainError::State(StateError::NoValidCheckpoint { .. })) => {
            inspect_models(state, queued, result)
        }
        Ok(_) => Inspection::Unfinished,
        Err(error) => {
            tracing::warn!(error = one_line(&error), "the files of a finished run could not be checked");
            Inspection::Sound
        }
    }
}

/// Without a checkpoint the models have nothing but their fingerprints to prove themselves with.
fn inspect_models(state: &StateManager, queued: &Queued, result: &RunResult) -> Inspection {
    let expected = [(ModelFile::Last, &result.model_last_sha256), (ModelFile::Best, &result.model_best_sha256)];
    for (file, expected) in expected {
        let found = state.model_sha256(queued.name(), file).ok().flatten();
        if found != *expected {
            let name = file.file_name();
            return Inspection::Lost(format!("{name} is damaged, and there is no checkpoint to make it from"));
        }
    }
    Inspection::Sound
}
