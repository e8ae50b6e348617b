//! Building experiments from JSON, without the loop around them.

use serde_json::{Value, json};
use steadfast_config::{ConfigManager, Problems};
use steadfast_experiment::{Experiment, ExperimentFactory, Position, Prepared};

/// A small config of an experiment on built-in data; `fields` replace its own.
pub(crate) fn config(fields: Value) -> Value {
    let mut config = json!({
        "name": "test",
        "model_type": "MLP",
        "model": {"hidden": [16]},
        "dataset_path": "builtin:iris",
        "hyperparams": {"batch_size": 16, "lr": 0.01},
    });
    let Value::Object(fields) = fields else { panic!("fields are an object") };
    for (key, value) in fields {
        config[key] = value;
    }
    config
}

/// What the zoo makes of a config: an experiment, or the problems as text.
pub(crate) fn prepare(config: &Value) -> Result<Prepared, String> {
    let mut factory = ExperimentFactory::new();
    steadfast_zoo::register(&mut factory);
    let config =
        ConfigManager::from_text("config.json", &config.to_string()).map_err(|report| format!("{report:#}"))?;
    let mut problems = Problems::new();
    match factory.prepare(&config, &mut problems) {
        Some(prepared) if !problems.has_errors() => Ok(prepared),
        _ => Err(format!("{:#}", problems.into_report())),
    }
}

/// An experiment that has its data and its model, and the number of steps in an epoch.
pub(crate) fn built(config: &Value) -> (Box<dyn Experiment>, u64) {
    let mut experiment = (prepare(config).unwrap().build)();
    let data = experiment.load_data().unwrap();
    experiment.build_model().unwrap();
    (experiment, data.steps_per_epoch)
}

/// The position of a step.
pub(crate) fn position(step: u64, steps_per_epoch: u64) -> Position {
    Position { epoch: step / steps_per_epoch, batch: step % steps_per_epoch, step }
}

/// Trains the steps from `from` to `to` and returns the losses' bits.
pub(crate) fn train(experiment: &mut dyn Experiment, steps_per_epoch: u64, from: u64, to: u64) -> Vec<u64> {
    (from..to).map(|step| experiment.train_step(position(step, steps_per_epoch)).unwrap().loss().to_bits()).collect()
}
