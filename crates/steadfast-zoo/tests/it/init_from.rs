//! Training that starts from weights in a file.

use std::path::Path;

use serde_json::{Value, json};
use steadfast_experiment::{ExperimentError, ModelSummary};
use steadfast_state::{TensorMap, model_bytes, write_file};

use crate::bench::{built, config, position, prepare, train};

fn starting(fields: &Value) -> Value {
    config(json!({"init_from": fields}))
}

/// The weights after a few steps, written to a file.
fn weights(folder: &Path) -> (String, TensorMap) {
    let (mut experiment, steps) = built(&config(json!({})));
    train(&mut *experiment, steps, 0, 5);
    let model = experiment.save().unwrap().model;
    let path = folder.join("weights.safetensors");
    write_file(&path, &model_bytes(&model).unwrap()).unwrap();
    (path.to_string_lossy().into_owned(), model)
}

/// What building the model says, and the first step.
fn begun(config: &Value) -> (ModelSummary, Result<f64, ExperimentError>) {
    let mut experiment = (prepare(config).unwrap().build)();
    let data = experiment.load_data().unwrap();
    let summary = experiment.build_model().unwrap();
    let step = experiment.train_step(position(0, data.steps_per_epoch));
    (summary, step.map(|report| report.loss()))
}

#[test]
fn the_weights_are_those_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let (path, expected) = weights(folder.path());
    let (experiment, _) = built(&starting(&json!({"path": path})));
    assert_eq!(experiment.save().unwrap().model, expected);
    let (summary, loss) = begun(&starting(&json!({"path": path})));
    assert_eq!(summary.description, "MLP, started from weights: 4 loaded");
    let (_, plain) = begun(&config(json!({})));
    assert!(loss.unwrap() < plain.unwrap());
}

#[test]
fn what_does_not_fit_is_told_before_the_first_step() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = weights(folder.path());
    let wider =
        |strict: bool| config(json!({"model": {"hidden": [24]}, "init_from": {"path": path, "strict": strict}}));
    let error = begun(&wider(true)).1.unwrap_err().to_string();
    assert!(error.contains("do not fit the model: 1 loaded; 3 of another shape: fc1.bias"), "{error}");
    let (summary, loss) = begun(&wider(false));
    assert!(summary.description.contains("started from weights: 1 loaded; 3 of another shape"));
    assert!(loss.unwrap().is_finite());
    let error = begun(&starting(&json!({"path": "no/such.safetensors"}))).1.unwrap_err().to_string();
    assert!(error.contains("`init_from`: cannot read the weights to start from"), "{error}");
}

/// A run that has a state goes on, whatever has become of the file it once started from.
#[test]
fn a_state_needs_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = weights(folder.path());
    let config = starting(&json!({"path": path}));
    let (mut first, steps) = built(&config);
    train(&mut *first, steps, 0, 3);
    let state = first.save().unwrap();
    let expected = train(&mut *first, steps, 3, 6);
    fs_err::remove_file(&path).unwrap();
    let (mut second, _) = built(&config);
    second.restore(state).unwrap();
    assert_eq!(train(&mut *second, steps, 3, 6), expected);
}
