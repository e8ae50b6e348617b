//! Experiments made short, to see that they work: a few steps of an epoch, a part of the validation data.

use serde_json::Value;
use steadfast_config::{ConfigManager, Problems};
use steadfast_experiment::{
    DataSummary, Experiment, ExperimentError, ExperimentFactory, ExperimentState, Metrics, ModelSummary, Position,
    RunPlan, StepReport, StopSignal,
};

use crate::batch::Queued;

/// Samples that validation is cut to, where the experiment can be told.
const VALIDATION_SAMPLES: u64 = 256;

/// An experiment whose epochs end after a few steps.
pub(crate) struct Brief {
    inner: Box<dyn Experiment>,
    steps: u64,
}

impl Brief {
    /// Cuts the epochs of `inner` down to so many steps.
    pub(crate) fn new(inner: Box<dyn Experiment>, steps: u64) -> Self {
        Self { inner, steps }
    }
}

impl Experiment for Brief {
    fn load_data(&mut self) -> Result<DataSummary, ExperimentError> {
        let summary = self.inner.load_data()?;
        Ok(DataSummary { steps_per_epoch: summary.steps_per_epoch.min(self.steps), ..summary })
    }

    fn build_model(&mut self) -> Result<ModelSummary, ExperimentError> {
        self.inner.build_model()
    }

    fn train_step(&mut self, at: Position) -> Result<StepReport, ExperimentError> {
        self.inner.train_step(at)
    }

    fn validate(&mut self, at: Position, stop: &dyn StopSignal) -> Result<Option<Metrics>, ExperimentError> {
        self.inner.validate(at, stop)
    }

    fn end_epoch(&mut self, metrics: &Metrics) -> Result<(), ExperimentError> {
        self.inner.end_epoch(metrics)
    }

    fn save(&self) -> Result<ExperimentState, ExperimentError> {
        self.inner.save()
    }

    fn restore(&mut self, state: ExperimentState) -> Result<(), ExperimentError> {
        self.inner.restore(state)
    }
}

/// A complete config with one epoch, and a part of the validation data where it has a key for that.
pub(crate) fn shortened(config: &Value) -> Value {
    let mut config = config.clone();
    config["hyperparams"]["epochs"] = 1.into();
    if let Some(limit) = config["data"].get_mut("limit_validation") {
        *limit = limit.as_u64().map_or(VALIDATION_SAMPLES, |limit| limit.min(VALIDATION_SAMPLES)).into();
    }
    config
}

/// A queue of the same experiments, each with one epoch.
pub(crate) fn shorten(factory: &ExperimentFactory, queue: Vec<Queued>) -> Vec<Queued> {
    let short = |queued: &Queued| {
        let config = ConfigManager::from_text("config.json", &shortened(queued.config()).to_string()).ok()?;
        let prepared = factory.prepare(&config, &mut Problems::new())?;
        Some(Queued { plan: RunPlan::new(&config, &prepared), ..queued.clone() })
    };
    queue.into_iter().map(|queued| short(&queued).unwrap_or(queued)).collect()
}
