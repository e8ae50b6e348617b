//! A toy experiment: a point that walks towards a target, with noise that depends on the position only.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::json;
use steadfast_config::sha256_hex;
use steadfast_experiment::{
    CheckpointSchedule, DataSummary, EarlyStopping, Event, Experiment, ExperimentError, ExperimentState, Goal,
    LoopSettings, MadeBy, Metrics, ModelSummary, Monitor, Outcome, Parent, Position, RunPlan, StepReport, StopSignal,
    TrainContext, TrainError, train,
};
use steadfast_state::{StateManager, TensorData};
use steadfast_testkit::{Dice, RunFiles};

/// What the toy does.
#[derive(Debug, Clone)]
pub(crate) struct Toy {
    pub(crate) steps_per_epoch: u64,
    pub(crate) data: &'static str,
    /// The step whose loss is NaN.
    pub(crate) breaks_at: Option<u64>,
    /// The step that leaves a parameter infinite behind a finite loss.
    pub(crate) overflows_at: Option<u64>,
    /// After this epoch the validation loss grows.
    pub(crate) best_epoch: u64,
    position: [f32; 3],
    momentum: [f32; 3],
}

impl Default for Toy {
    fn default() -> Self {
        Self {
            steps_per_epoch: 5,
            data: "the data",
            breaks_at: None,
            overflows_at: None,
            best_epoch: u64::MAX,
            position: [1.0; 3],
            momentum: [0.0; 3],
        }
    }
}

impl Experiment for Toy {
    fn load_data(&mut self) -> Result<DataSummary, ExperimentError> {
        Ok(DataSummary {
            train_samples: self.steps_per_epoch * 2,
            validation_samples: 1,
            steps_per_epoch: self.steps_per_epoch,
            sha256: sha256_hex(self.data.as_bytes()),
            description: "toy data".to_owned(),
        })
    }

    fn build_model(&mut self) -> Result<ModelSummary, ExperimentError> {
        Ok(ModelSummary { parameters: 3, description: "a point".to_owned() })
    }

    fn train_step(&mut self, at: Position) -> Result<StepReport, ExperimentError> {
        let mut dice = Dice::new(at.epoch * 1000 + at.batch);
        let mut loss = 0.0;
        for (value, momentum) in self.position.iter_mut().zip(&mut self.momentum) {
            let noise = dice.below(1000) as f32 / 1000.0;
            *momentum = 0.9 * *momentum + *value + noise;
            *value -= 0.01 * *momentum;
            loss += f64::from(*value) * f64::from(*value);
        }
        if self.breaks_at == Some(at.step) {
            loss = f64::NAN;
        }
        if self.overflows_at == Some(at.step) {
            self.position[0] = f32::INFINITY;
        }
        Ok(StepReport { samples: 2, lr: 0.1 / (at.step + 1) as f64, metrics: vec![("train_loss", loss)] })
    }

    fn validate(&mut self, at: Position, stop: &dyn StopSignal) -> Result<Option<Metrics>, ExperimentError> {
        if stop.requested() {
            return Ok(None);
        }
        let penalty = at.epoch.saturating_sub(self.best_epoch) as f64;
        let loss = f64::from(self.position.iter().sum::<f32>()) - at.epoch as f64 + 3.0 * penalty;
        Ok(Some([("val_loss", loss)].into_iter().collect()))
    }

    fn save(&self) -> Result<ExperimentState, ExperimentError> {
        let tensor = |values: &[f32; 3]| TensorData::from_f32(vec![3], values).map_err(ExperimentError::compute);
        Ok(ExperimentState {
            model: [("position".to_owned(), tensor(&self.position)?)].into(),
            optimizer: [("momentum".to_owned(), tensor(&self.momentum)?)].into(),
            extra: json!({"note": 0.1}),
        })
    }

    fn restore(&mut self, state: ExperimentState) -> Result<(), ExperimentError> {
        let read = |data: Option<&TensorData>| {
            data.and_then(|data| data.to_f32()?.try_into().ok())
                .ok_or_else(|| ExperimentError::State { message: "three numbers are missing".to_owned() })
        };
        (self.position, self.momentum) = (read(state.model.get("position"))?, read(state.optimizer.get("momentum"))?);
        Ok(())
    }
}

/// Asks to stop after having been asked so many times.
pub(crate) struct StopAfter(AtomicU64);

impl StopAfter {
    pub(crate) fn new(questions: u64) -> Self {
        Self(AtomicU64::new(questions))
    }

    pub(crate) fn never() -> Self {
        Self::new(u64::MAX)
    }
}

impl StopSignal for StopAfter {
    fn requested(&self) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| Some(left.saturating_sub(1))) == Ok(0)
    }
}

/// A results folder in which the toy is run.
pub(crate) struct Bench {
    folder: tempfile::TempDir,
    pub(crate) plan: RunPlan,
    pub(crate) toy: Toy,
    pub(crate) events: Vec<Event>,
    pub(crate) made_by: MadeBy,
    pub(crate) parent: Option<&'static str>,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let settings = LoopSettings {
            epochs: 4,
            checkpoints: CheckpointSchedule { every_epochs: Some(1), every_steps: None, every: None },
            monitor: Monitor { metric: "val_loss".to_owned(), goal: Goal::Minimize },
            early_stopping: None,
        };
        let folder = tempfile::tempdir().unwrap();
        let mut bench = Self {
            folder,
            plan: plan(settings),
            toy: Toy::default(),
            events: Vec::new(),
            made_by: MadeBy::default(),
            parent: None,
        };
        bench.reconfigure();
        bench
    }

    /// Makes the config anew after the settings were changed.
    pub(crate) fn reconfigure(&mut self) {
        self.plan = plan(self.plan.settings.clone());
    }

    pub(crate) fn early_stopping(&mut self, patience: u64) {
        let monitor = self.plan.settings.monitor.clone();
        self.plan.settings.early_stopping = Some(EarlyStopping { monitor, patience, min_delta: 0.0 });
        self.reconfigure();
    }

    pub(crate) fn run_folder(&self) -> PathBuf {
        self.results().join(&self.plan.name)
    }

    pub(crate) fn results(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn files(&self) -> RunFiles {
        RunFiles::read(&self.run_folder())
    }

    /// One start of the run, as a process of its own would make it.
    pub(crate) fn start(&mut self, stop: &dyn StopSignal) -> Result<Outcome, TrainError> {
        let state = StateManager::new(self.results());
        let mut folder = state.open(&self.plan.name).unwrap();
        self.events.clear();
        let context = TrainContext {
            plan: &self.plan,
            folder: &mut folder,
            observer: &mut self.events,
            stop,
            environment: b"{}\n",
            made_by: &self.made_by,
            parent: self.parent.map(|name| Parent { name, state: &state }),
            peak_memory: || Some(1),
        };
        train(context, &mut self.toy.clone())
    }

    /// One start that is not interrupted.
    pub(crate) fn finish(&mut self) -> Outcome {
        self.start(&StopAfter::never()).unwrap()
    }
}

fn plan(settings: LoopSettings) -> RunPlan {
    let resolved = json!({
        "name": "toy",
        "hyperparams": {"epochs": settings.epochs, "lr": 0.1},
        "checkpoint": {"every_epochs": settings.checkpoints.every_epochs},
    });
    let config_json = steadfast_config::config_json_bytes(&resolved);
    RunPlan {
        name: "toy".to_owned(),
        config_sha256: sha256_hex(&config_json),
        config_json,
        settings,
        resolved,
        depends_on_epochs: false,
    }
}
