//! One start of one run: the things that the loop does, each by name.

use std::time::Instant;

use steadfast_state::{Document, ModelFile, RunFolder, TensorMap};

use crate::clocks::Clocks;
use crate::error_chain::one_line;
use crate::result::{FailureReport, RunResult, RunStatus, row};
use crate::saved_state::{self, Restored, SavedState};
use crate::{
    Best, DataSummary, Event, Experiment, ExperimentError, ExperimentState, Finish, Metrics, ModelSummary, Observer,
    Progress, RunPlan, StopSignal, TrainError,
};

/// Everything that [`train`](crate::train) works with.
pub struct TrainContext<'a> {
    /// What is to be run.
    pub plan: &'a RunPlan,
    /// The run's folder, locked.
    pub folder: &'a mut RunFolder,
    /// Who is told.
    pub observer: &'a mut dyn Observer,
    /// Who may ask to stop.
    pub stop: &'a dyn StopSignal,
    /// The content of `environment.json`: where and with what this start is made.
    pub environment: &'a [u8],
    /// Largest resident memory of this process in bytes, where the system tells.
    pub peak_memory: fn() -> Option<u64>,
}

/// How a call of [`train`](crate::train) ended without an error.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// What stands in `result.json`.
    pub result: RunResult,
}

/// Whether the loop goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    Continue,
    Stop,
}

/// One start of one run.
pub(crate) struct Session<'a> {
    context: TrainContext<'a>,
    experiment: &'a mut dyn Experiment,
    data: Option<DataSummary>,
    model: Option<ModelSummary>,
    progress: Progress,
    best_model: Option<TensorMap>,
    clocks: Clocks,
}

impl<'a> Session<'a> {
    pub(crate) fn new(context: TrainContext<'a>, experiment: &'a mut dyn Experiment) -> Self {
        Self {
            context,
            experiment,
            data: None,
            model: None,
            progress: Progress::default(),
            best_model: None,
            clocks: Clocks::start(),
        }
    }

    /// Loads the data, builds the model and restores the newest checkpoint. A checkpoint that does not belong to this
    /// config and this data is refused before anything on disk is changed.
    pub(crate) fn prepare(&mut self) -> Result<(), TrainError> {
        let recovery = self.context.folder.latest()?;
        let restored = recovery.snapshot.map(saved_state::from_snapshot).transpose()?;
        let resumed = restored.is_some();
        match &restored {
            Some(restored) => restored.saved.check_config(self.context.plan)?,
            None => self.claim_folder()?,
        }
        self.load_data()?;
        if let Some(restored) = &restored {
            restored.saved.check_data(self.data_sha256())?;
            self.claim_folder()?;
        }
        self.build_model()?;
        if let Some(restored) = restored {
            self.restore(restored)?;
        }
        self.context.folder.rewind_metrics()?;
        self.clocks.resume(self.context.folder.read_document(Document::Timing)?.as_deref(), self.progress.epoch);
        self.notice(&Event::Started {
            epoch: self.progress.epoch,
            step: self.progress.step,
            epochs: self.context.plan.settings.epochs,
            steps_per_epoch: self.steps_per_epoch(),
            resumed,
        });
        self.clocks.prepared();
        Ok(())
    }

    /// Writes the config and takes back the result of an earlier end: from here on the run is under way.
    fn claim_folder(&mut self) -> Result<(), TrainError> {
        self.context.folder.write_document(Document::Config, &self.context.plan.config_json)?;
        self.context.folder.write_document(Document::Environment, self.context.environment)?;
        if self.context.folder.read_document(Document::Result)?.is_some() {
            self.write_result(&self.result(RunStatus::Interrupted))?;
        }
        Ok(())
    }

    fn write_result(&self, result: &RunResult) -> Result<(), TrainError> {
        let bytes = result.to_bytes().map_err(TrainError::Progress)?;
        Ok(self.context.folder.write_document(Document::Result, &bytes)?)
    }

    fn load_data(&mut self) -> Result<(), TrainError> {
        let data = self.experiment.load_data()?;
        if data.steps_per_epoch == 0 {
            let message = format!("{} training samples make no step", data.train_samples);
            return Err(ExperimentError::data(message).into());
        }
        self.notice(&Event::DataLoaded { description: data.description.clone() });
        self.data = Some(data);
        Ok(())
    }

    fn build_model(&mut self) -> Result<(), TrainError> {
        let model = self.experiment.build_model()?;
        self.notice(&Event::ModelBuilt { description: model.description.clone(), parameters: model.parameters });
        self.model = Some(model);
        Ok(())
    }

    fn restore(&mut self, restored: Restored) -> Result<(), TrainError> {
        self.experiment.restore(restored.state)?;
        self.progress = restored.saved.progress;
        self.best_model = restored.best_model;
        // A run that was complete continues if the config now asks for more.
        if self.progress.finished == Some(Finish::AllEpochs) && self.progress.epoch < self.context.plan.settings.epochs
        {
            self.progress.finished = None;
        }
        Ok(())
    }

    pub(crate) fn has_epochs_left(&self) -> bool {
        self.progress.finished.is_none() && self.progress.epoch < self.context.plan.settings.epochs
    }

    pub(crate) fn has_steps_left(&self) -> bool {
        self.progress.batch < self.steps_per_epoch()
    }

    pub(crate) fn stop_requested(&self) -> bool {
        self.context.stop.requested()
    }

    pub(crate) fn step(&mut self) -> Result<(), TrainError> {
        let started = Instant::now();
        let position = self.progress.position();
        let report = self.experiment.train_step(position)?;
        let loss = report.loss();
        if !loss.is_finite() {
            let what = "the training loss".to_owned();
            return Err(ExperimentError::Numeric { what, value: loss, step: position.step }.into());
        }
        self.progress.step_done(&report);
        self.clocks.trained(started, report.samples);
        self.context.observer.notice(&Event::Step {
            epoch: self.progress.epoch,
            batch: self.progress.batch,
            step: self.progress.step,
            loss,
            samples: report.samples,
        });
        Ok(())
    }

    /// The last step of an epoch needs no checkpoint of its own: the epoch's follows at once.
    pub(crate) fn step_checkpoint_is_due(&self) -> bool {
        let schedule = &self.context.plan.settings.checkpoints;
        self.has_steps_left() && schedule.due_after_step(self.progress.step, || self.clocks.since_save())
    }

    pub(crate) fn epoch_checkpoint_is_due(&self) -> bool {
        let schedule = &self.context.plan.settings.checkpoints;
        // The end of the run saves by itself.
        self.has_epochs_left()
            && (schedule.due_after_epoch(self.progress.epoch)
                || schedule.due_after_step(self.progress.step, || self.clocks.since_save()))
    }

    /// `None` if a stop was asked for before the validation was through.
    pub(crate) fn validate(&mut self) -> Result<Option<Metrics>, TrainError> {
        let started = Instant::now();
        let metrics = self.experiment.validate(self.progress.position(), self.context.stop)?;
        self.clocks.validated(started);
        Ok(metrics)
    }

    /// Turns the epoch's means and the validation metrics into a row, and decides what they mean for the run.
    pub(crate) fn record_epoch(&mut self, validation: &Metrics) -> Result<(), TrainError> {
        let mut figures = self.progress.training.means();
        for (name, value) in validation.iter() {
            figures.set(name, value);
        }
        figures.set("lr", self.progress.lr.0);
        self.experiment.end_epoch(&figures)?;
        self.progress.epoch_done(figures.clone());
        let is_best = self.keep_best(&figures)?;
        self.decide_end(&figures)?;
        self.context.folder.append_metrics(&row(self.progress.epoch, self.progress.step, &figures))?;
        let clocks = self.clocks.epoch_done(self.progress.epoch);
        self.notice(&Event::Epoch {
            epoch: self.progress.epoch,
            step: self.progress.step,
            metrics: figures,
            seconds: clocks.train_s + clocks.validate_s,
            samples_per_s: clocks.samples_per_s,
            is_best,
        });
        Ok(())
    }

    /// Keeps the model if its epoch is the best so far. A first epoch is the best unless its figure is NaN.
    fn keep_best(&mut self, figures: &Metrics) -> Result<bool, TrainError> {
        let monitor = &self.context.plan.settings.monitor;
        let value = monitored(figures, &monitor.metric)?;
        let previous = self.progress.best.as_ref().and_then(|best| best.metrics.get(&monitor.metric));
        let is_best = match previous {
            Some(previous) => monitor.goal.improves(value, previous, 0.0),
            None => !value.is_nan(),
        };
        if is_best {
            self.best_model = Some(self.experiment.save()?.model);
            let (epoch, step) = (self.progress.epoch, self.progress.step);
            self.progress.best = Some(Best { epoch, step, metrics: figures.clone() });
        }
        Ok(is_best)
    }

    /// Ends the run after its last epoch, or when waiting for progress has taken too long.
    fn decide_end(&mut self, figures: &Metrics) -> Result<(), TrainError> {
        let settings = &self.context.plan.settings;
        if let Some(wanted) = &settings.early_stopping {
            let value = monitored(figures, &wanted.monitor.metric)?;
            self.progress.patience.update(value, wanted.monitor.goal, wanted.min_delta);
            if self.progress.patience.waited() >= wanted.patience.max(1) {
                self.progress.finished = Some(Finish::EarlyStopping);
            }
        }
        if self.progress.finished.is_none() && self.progress.epoch >= settings.epochs {
            self.progress.finished = Some(Finish::AllEpochs);
        }
        Ok(())
    }

    /// Commits a checkpoint; announces it only when it is safe.
    pub(crate) fn save(&mut self) -> Result<(), TrainError> {
        let state = self.experiment.save()?;
        self.save_state(state)
    }

    fn save_state(&mut self, state: ExperimentState) -> Result<(), TrainError> {
        let started = Instant::now();
        let saved = SavedState {
            config: self.context.plan.resolved.clone(),
            data_sha256: self.data_sha256().to_owned(),
            progress: self.progress.clone(),
            model_is_best: false,
            extra: state.extra.clone(),
        };
        let snapshot =
            saved_state::to_snapshot(saved, state, self.best_model.as_ref()).map_err(TrainError::Progress)?;
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

    /// Writes down why the run failed. A refusal changes nothing on disk, and where storage failed there is little
    /// point in trying to store that.
    pub(crate) fn record_failure(&mut self, error: &TrainError) {
        if matches!(error, TrainError::Refused { .. } | TrainError::Save(_) | TrainError::State(_)) {
            return;
        }
        let mut result = self.result(RunStatus::Failed);
        result.error = Some(FailureReport { class: error.class(), message: one_line(error) });
        if let Err(problem) = self.write_result(&result) {
            tracing::warn!(error = one_line(&problem), "the failure could not be written to result.json");
        }
    }

    /// What is known of the run now.
    fn result(&self, status: RunStatus) -> RunResult {
        let progress = &self.progress;
        let last = progress.last.as_ref();
        RunResult {
            name: self.context.plan.name.clone(),
            status,
            epochs: progress.epoch,
            steps: progress.step,
            stopped_early: progress.finished == Some(Finish::EarlyStopping),
            best: progress.best.as_ref().map(Best::row),
            // The step of the last row, not of the run: a run can be stopped in the middle of an epoch.
            last: last.map(|figures| row(progress.epoch, progress.step - progress.batch, figures)),
            parameters: self.model.as_ref().map(|model| model.parameters),
            config_sha256: self.context.plan.config_sha256.clone(),
            data_sha256: self.data.as_ref().map(|data| data.sha256.clone()),
            error: None,
            model_last_sha256: None,
            model_best_sha256: None,
        }
    }

    fn write_timing(&mut self) -> Result<(), TrainError> {
        let bytes = self.clocks.file((self.context.peak_memory)()).map_err(TrainError::Progress)?;
        Ok(self.context.folder.write_document(Document::Timing, &bytes)?)
    }

    fn notice(&mut self, event: &Event) {
        self.context.observer.notice(event);
    }

    fn steps_per_epoch(&self) -> u64 {
        self.data.as_ref().map_or(0, |data| data.steps_per_epoch)
    }

    fn data_sha256(&self) -> &str {
        self.data.as_ref().map_or("", |data| &data.sha256)
    }
}

/// The value of the monitored metric.
fn monitored(figures: &Metrics, metric: &str) -> Result<f64, TrainError> {
    figures.get(metric).ok_or_else(|| TrainError::UnknownMonitor {
        monitor: metric.to_owned(),
        known: figures.names().map(str::to_owned).collect(),
    })
}
