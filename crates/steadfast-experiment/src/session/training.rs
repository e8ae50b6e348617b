//! One start of one run: the things that the loop does, each by name.

use std::time::Instant;

use serde_json::Value;
use steadfast_state::{RunFolder, StateManager, TensorMap};

use crate::clocks::Clocks;
use crate::lineage::{Lineage, MadeBy};
use crate::result::{RunResult, row};
use crate::{
    Best, DataSummary, Event, Experiment, ExperimentError, Finish, Metrics, ModelSummary, Observer, Progress, RunPlan,
    StopSignal, TrainError,
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
    /// Fingerprints of what computes: a state that others computed is continued, and that is written down.
    pub made_by: &'a MadeBy,
    /// The run to fork from, if this one has no state of its own yet.
    pub parent: Option<Parent<'a>>,
    /// Largest resident memory of this process in bytes, where the system tells.
    pub peak_memory: fn() -> Option<u64>,
}

/// A run whose state another one begins with.
#[derive(Debug, Clone, Copy)]
pub struct Parent<'a> {
    /// Its name.
    pub name: &'a str,
    /// Where it is kept.
    pub state: &'a StateManager,
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
    pub(super) context: TrainContext<'a>,
    pub(super) experiment: &'a mut dyn Experiment,
    pub(super) data: Option<DataSummary>,
    pub(super) model: Option<ModelSummary>,
    pub(super) preprocessing: Option<Value>,
    pub(super) progress: Progress,
    pub(super) best_model: Option<TensorMap>,
    pub(super) lineage: Lineage,
    pub(super) clocks: Clocks,
}

impl<'a> Session<'a> {
    pub(crate) fn new(context: TrainContext<'a>, experiment: &'a mut dyn Experiment) -> Self {
        Self {
            context,
            experiment,
            data: None,
            model: None,
            preprocessing: None,
            progress: Progress::default(),
            best_model: None,
            lineage: Lineage::default(),
            clocks: Clocks::start(),
        }
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
            let details = self.experiment.details();
            self.progress.best = Some(Best { epoch, step, metrics: figures.clone(), details });
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

    pub(super) fn notice(&mut self, event: &Event) {
        self.context.observer.notice(event);
    }

    pub(super) fn steps_per_epoch(&self) -> u64 {
        self.data.as_ref().map_or(0, |data| data.steps_per_epoch)
    }

    pub(super) fn data_sha256(&self) -> &str {
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
