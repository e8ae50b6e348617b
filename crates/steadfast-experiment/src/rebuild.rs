//! The files of a finished run, made anew from its newest checkpoint where they are not what it says.

use steadfast_state::{Document, ModelFile, Rewind, RunFolder};

use crate::result::{FailureReport, RunResult, RunStatus, Standing};
use crate::saved_state::{self, Restored};
use crate::{RunPlan, TrainError};

/// What [`rebuild`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rebuilt {
    /// The run is finished, and these of its files were made anew.
    Finished(Vec<&'static str>),
    /// The newest valid checkpoint is not the end of this config's run.
    Unfinished,
    /// There is no checkpoint to hold the files against.
    NoCheckpoint,
}

/// Holds the files of a finished run against its newest checkpoint: `config.json`, `metrics.jsonl`, both models and
/// `result.json`. One that is missing, damaged or edited is made anew; edited ones are kept aside.
///
/// Needs neither the data nor the experiment.
pub fn rebuild(folder: &mut RunFolder, plan: &RunPlan) -> Result<Rebuilt, TrainError> {
    let Some(snapshot) = folder.latest()?.snapshot else { return Ok(Rebuilt::NoCheckpoint) };
    let Restored { saved, state, best_model } = saved_state::from_snapshot(snapshot)?;
    if saved.progress.finished.is_none() || saved.config != plan.resolved {
        return Ok(Rebuilt::Unfinished);
    }
    let mut anew = Vec::new();
    if write(folder, Document::Config, &plan.config_json)? {
        anew.push(Document::Config.file_name());
    }
    if folder.rewind_metrics()? != Rewind::Unchanged {
        anew.push("metrics.jsonl");
    }
    let mut result = RunResult::of(plan, RunStatus::Completed, saved.standing());
    let last = folder.export_model(ModelFile::Last, &state.model)?;
    result.model_last_sha256 = Some(last.sha256);
    let mut written = vec![(ModelFile::Last, last.written)];
    if let Some(best_model) = &best_model {
        let best = folder.export_model(ModelFile::Best, best_model)?;
        result.model_best_sha256 = Some(best.sha256);
        written.push((ModelFile::Best, best.written));
    }
    anew.extend(written.into_iter().filter(|(_, written)| *written).map(|(file, _)| file.file_name()));
    // A checkpoint of an early version does not know everything that stands in the result.
    if saved.parameters.is_some() && write(folder, Document::Result, &result.to_bytes().map_err(TrainError::Progress)?)?
    {
        anew.push(Document::Result.file_name());
    }
    Ok(Rebuilt::Finished(anew))
}

/// The result of a run whose process could not write it: how far its newest checkpoint had come, and why it failed.
pub fn failed_result(folder: &mut RunFolder, plan: &RunPlan, failure: FailureReport) -> Result<RunResult, TrainError> {
    let saved = folder.latest()?.snapshot.map(saved_state::from_snapshot).transpose()?.map(|restored| restored.saved);
    let mut result = match &saved {
        Some(saved) => RunResult::of(plan, RunStatus::Failed, saved.standing()),
        None => RunResult::of(plan, RunStatus::Failed, Standing::default()),
    };
    result.error = Some(failure);
    Ok(result)
}

/// Replaces a document that has other bytes; what stood there is kept aside.
fn write(folder: &RunFolder, document: Document, bytes: &[u8]) -> Result<bool, TrainError> {
    match folder.read_document(document)? {
        Some(found) if found == bytes => return Ok(false),
        Some(_) => folder.set_document_aside(document)?,
        None => {}
    }
    folder.write_document(document, bytes)?;
    Ok(true)
}
