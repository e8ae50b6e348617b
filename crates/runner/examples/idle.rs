//! An experiment that does nothing, `batch_size` times: what is left is the cost of the loop. `cargo xtask bench` runs it.

use std::process::ExitCode;

use steadfast_experiment::{
    DataSummary, Experiment, ExperimentError, ExperimentKind, ExperimentState, Metrics, ModelSummary, Position,
    Prepared, StepReport, StopSignal,
};

struct Idle {
    steps: u64,
}

impl Experiment for Idle {
    fn load_data(&mut self) -> Result<DataSummary, ExperimentError> {
        Ok(DataSummary {
            train_samples: self.steps,
            validation_samples: 0,
            steps_per_epoch: self.steps,
            sha256: "0".repeat(64),
            description: "no data".to_owned(),
        })
    }

    fn build_model(&mut self) -> Result<ModelSummary, ExperimentError> {
        Ok(ModelSummary { parameters: 0, description: "no model".to_owned() })
    }

    fn train_step(&mut self, _at: Position) -> Result<StepReport, ExperimentError> {
        Ok(StepReport { samples: 1, lr: 0.0, metrics: vec![("train_loss", 0.0)] })
    }

    fn validate(&mut self, _at: Position, _stop: &dyn StopSignal) -> Result<Option<Metrics>, ExperimentError> {
        Ok(Some([("val_loss", 0.0)].into_iter().collect()))
    }

    fn save(&self) -> Result<ExperimentState, ExperimentError> {
        Ok(ExperimentState::default())
    }

    fn restore(&mut self, _state: ExperimentState) -> Result<(), ExperimentError> {
        Ok(())
    }
}

fn main() -> ExitCode {
    let mut factory = runner::standard_factory();
    factory.register(ExperimentKind {
        name: "idle",
        summary: "Does nothing, as often as the batch size says.",
        prepare: Box::new(|config, _problems| {
            let steps = config.hyperparams.batch_size as u64;
            Some(Prepared::new(config, &["val_loss"], move || Idle { steps }))
        }),
    });
    runner::main_with(&factory)
}
