//! Saving, ending and failing: what is left on disk.

use std::time::Instant;

use steadfast_state::{Document, ModelFile, StateError};

use super::training::{Outcome, Session};
use crate::error_chain::one_line;
use crate::finite::first_not_finite;
use crate::result::{FailureReport, RunResult, RunStatus, Standing};
use crate::saved_state::{self, SavedState};
use crate::{Event, ExperimentError, ExperimentState, Finish, TrainError};

impl Session<'_> {
    /// Commits a checkpoint; announces it only when it is safe.
    pub(crate) fn save(&mut self) -> Result<(), TrainError> {
        let state = self.experiment.save()?;
        self.save_state(state)
    }

    fn save_state(&mut self, state: ExperimentState) -> Result<(), TrainError> {
        let started = Instant::now();
        if let Some(name) = first_not_finite(&state.model) {
            let (what, step) = (format!("an element of `{name}`"), self.progress.step);
            return Err(ExperimentError::Numeric { what, value: f64::NAN, step }.into());
        }
        let saved = SavedState {
            config: self.context.plan.resolved.clone(),
            data_sha256: self.data_sha256().to_owned(),
            progress: self.progress.clone(),
            parameters: self.model.as_ref().map(|model| model.parameters),
            preprocessing: self.preprocessing.clone(),
            made_by: Some(self.context.made_by.clone()),
            lineage: self.lineage.clone(),
            model_is_best: false,
            extra: state.extra.clone(),
        };
        let snapshot =
            saved_state::to_snapshot(saved, state, self.best_model.as_ref()).map_err(TrainError::Progress)?;
        self.notice(&Event::Saving { step: self.progress.step });
        let saved = self.context.folder.save(&snapshot)?;
        self.clocks.saved(started);
        let file = saved.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        self.notice(&Event::Saved { step: self.progress.step, file, bytes: saved.bytes });
        if self.clocks.write_is_due() {
            self.write_timing()?;
        }
        Ok(())
    }

    /// Saves where the run stands and leaves it so that the next start continues.
    pub(crate) fn interrupt(&mut self) -> Result<Outcome, TrainError> {
        self.end(RunStatus::Interrupted)
    }

    /// Saves the end of the run and writes what follows from it.
    pub(crate) fn complete(&mut self) -> Result<Outcome, TrainError> {
        if self.progress.finished == Some(Finish::EarlyStopping) {
            let waited = self.progress.patience.waited();
            self.notice(&Event::EarlyStopped { epoch: self.progress.epoch, waited });
        }
        self.end(RunStatus::Completed)
    }

    /// One last checkpoint, then the files that are made from it. The order matters: the result names the models, and
    /// all of it can be made again from the checkpoint.
    fn end(&mut self, status: RunStatus) -> Result<Outcome, TrainError> {
        let state = self.experiment.save()?;
        let last_model = state.model.clone();
        self.save_state(state)?;
        let mut result = self.result(status);
        let last = self.context.folder.export_model(ModelFile::Last, &last_model)?;
        result.model_last_sha256 = Some(last.sha256);
        if let Some(best_model) = &self.best_model {
            let best = self.context.folder.export_model(ModelFile::Best, best_model)?;
            result.model_best_sha256 = Some(best.sha256);
        }
        self.write_timing()?;
        self.write_result(&result)?;
        Ok(Outcome { result })
    }

    /// Writes down why the run failed, where that touches nothing that is in doubt: a refusal changes nothing on disk,
    /// nor does a folder that could not be read.
    pub(crate) fn record_failure(&mut self, error: &TrainError) {
        let full = |error: &StateError| matches!(error, StateError::DiskFull { .. } | StateError::NoInodes { .. });
        match error {
            TrainError::Refused { .. } => return,
            TrainError::State(error) if !full(error) => return,
            _ => {}
        }
        let mut result = self.result(RunStatus::Failed);
        result.error = Some(FailureReport { class: error.class(), message: one_line(error) });
        if let Err(problem) = self.write_result(&result) {
            tracing::warn!(error = one_line(&problem), "the failure could not be written to result.json");
        }
    }

    /// What is known of the run now.
    pub(super) fn result(&self, status: RunStatus) -> RunResult {
        let standing = Standing {
            progress: Some(&self.progress),
            parameters: self.model.as_ref().map(|model| model.parameters),
            preprocessing: self.preprocessing.as_ref(),
            data_sha256: self.data.as_ref().map(|data| data.sha256.as_str()),
            lineage: Some(&self.lineage),
        };
        RunResult::of(self.context.plan, status, standing)
    }

    pub(super) fn write_result(&self, result: &RunResult) -> Result<(), TrainError> {
        let bytes = result.to_bytes().map_err(TrainError::Progress)?;
        Ok(self.context.folder.write_document(Document::Result, &bytes)?)
    }

    fn write_timing(&mut self) -> Result<(), TrainError> {
        let bytes = self.clocks.file((self.context.peak_memory)()).map_err(TrainError::Progress)?;
        Ok(self.context.folder.write_document(Document::Timing, &bytes)?)
    }
}
