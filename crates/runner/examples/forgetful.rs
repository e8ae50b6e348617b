//! An experiment with a bug: its momentum is not in its saved state. `verify-resume` finds that out.
//!
//! `cargo run -p runner --example forgetful -- verify-resume forgetful.json` says which number differs first.

use std::process::ExitCode;

use steadfast_experiment::{
    DataSummary, Experiment, ExperimentError, ExperimentKind, ExperimentState, Metrics, ModelSummary, Position,
    Prepared, StepReport, StopSignal,
};
use steadfast_state::TensorData;

/// Rolls towards zero, with a momentum that nobody saves.
#[derive(Default)]
struct Forgetful {
    place: f64,
    momentum: f64,
}

impl Experiment for Forgetful {
    fn load_data(&mut self) -> Result<DataSummary, ExperimentError> {
        Ok(DataSummary {
            train_samples: 10,
            validation_samples: 1,
            steps_per_epoch: 10,
            sha256: "0".repeat(64),
            description: "no data".to_owned(),
        })
    }

    fn build_model(&mut self) -> Result<ModelSummary, ExperimentError> {
        self.place = 1.0;
        Ok(ModelSummary { parameters: 1, description: "a place".to_owned() })
    }

    fn train_step(&mut self, _at: Position) -> Result<StepReport, ExperimentError> {
        self.momentum = 0.9 * self.momentum - 0.01 * self.place;
        self.place += self.momentum;
        Ok(StepReport { samples: 1, lr: 0.01, metrics: vec![("train_loss", self.place * self.place)] })
    }

    fn validate(&mut self, _at: Position, _stop: &dyn StopSignal) -> Result<Option<Metrics>, ExperimentError> {
        Ok(Some([("val_loss", self.place * self.place)].into_iter().collect()))
    }

    fn save(&self) -> Result<ExperimentState, ExperimentError> {
        let place = TensorData::from_f64(vec![1], &[self.place]).map_err(ExperimentError::compute)?;
        Ok(ExperimentState { model: [("place".to_owned(), place)].into(), ..ExperimentState::default() })
    }

    fn restore(&mut self, state: ExperimentState) -> Result<(), ExperimentError> {
        let place = state.model.get("place").and_then(TensorData::to_f64).and_then(|place| place.first().copied());
        self.place = place.ok_or_else(|| ExperimentError::State { message: "no `place`".to_owned() })?;
        Ok(())
    }
}

fn main() -> ExitCode {
    let mut factory = runner::standard_factory();
    factory.register(ExperimentKind {
        name: "forgetful",
        summary: "Rolls towards zero and forgets its momentum.",
        prepare: Box::new(|config, _problems| Some(Prepared::new(config, &["val_loss"], Forgetful::default))),
    });
    runner::main_with(&factory)
}
