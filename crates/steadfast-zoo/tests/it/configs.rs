//! What a config may say, and what it is told when it says something else.

use serde_json::json;
use steadfast_experiment::FailureClass;

use crate::bench::{config, prepare};

fn complaint(fields: serde_json::Value) -> String {
    prepare(&config(fields)).unwrap_err()
}

#[test]
fn names_are_matched_loosely_and_resolved_to_one_spelling() {
    let prepared = prepare(&config(json!({"model_type": "m-l_p", "hyperparams": {"optimizer": "AdamW"}}))).unwrap();
    assert_eq!(prepared.parts.model_type, "MLP");
    assert_eq!(prepared.parts.optimizer["kind"], "adamw");
}

#[test]
fn a_name_that_sets_parameters_is_resolved_to_the_model_and_the_parameters() {
    let prepared =
        prepare(&config(json!({"model_type": "resnet-20", "model": {}, "dataset_path": "builtin:digits"}))).unwrap();
    assert_eq!(prepared.parts.model_type, "ResNet");
    assert_eq!(prepared.parts.model["depth"], 20);
    // What is resolved is read again, and means the same.
    let resolved = json!({"model_type": "ResNet", "model": prepared.parts.model, "dataset_path": "builtin:digits"});
    assert_eq!(prepare(&config(resolved)).unwrap().parts.model, prepared.parts.model);
}

#[test]
fn all_problems_are_told_at_once() {
    insta::assert_snapshot!(complaint(json!({
        "model_type": "Transformer",
        "data": {"validation": {"split": 1.5}},
        "hyperparams": {"optimizer": {"kind": "sgd", "nesterof": true}, "scheduler": "cosinus"},
        "device": "cuda",
    })));
}

#[test]
fn shorthands_reach_the_optimizer_or_are_refused() {
    let shorthand = json!({"hyperparams": {"optimizer": "sgd", "momentum": 0.5, "weight_decay": 0.1}});
    let optimizer = prepare(&config(shorthand)).unwrap().parts.optimizer;
    assert_eq!((&optimizer["momentum"], &optimizer["weight_decay"]), (&json!(0.5), &json!(0.1)));
    insta::assert_snapshot!(complaint(json!({"hyperparams": {"optimizer": "adam", "momentum": 0.5}})));
}

#[test]
fn a_metric_that_is_never_measured_cannot_be_monitored() {
    insta::assert_snapshot!(complaint(json!({"checkpoint": {"monitor": "val_acc", "mode": "max"}})));
}

#[test]
fn a_model_that_cannot_take_the_data_says_why() {
    let fields = json!({"model_type": "CNN", "model": {}});
    let mut experiment = (prepare(&config(fields)).unwrap().build)();
    experiment.load_data().unwrap();
    let error = experiment.build_model().unwrap_err();
    assert_eq!(error.class(), FailureClass::Config);
    insta::assert_snapshot!(error.to_string(), @"the config does not fit: a CNN takes images of [channels, height, width], but a sample here has the shape [4]");

    let fields = json!({"model_type": "CNN", "model": {"channels": [8, 8, 8, 8]}, "dataset_path": "builtin:digits"});
    let mut experiment = (prepare(&config(fields)).unwrap().build)();
    experiment.load_data().unwrap();
    let error = experiment.build_model().unwrap_err();
    insta::assert_snapshot!(error.to_string(), @"the config does not fit: 4 convolutions halve the image 4 times, which takes at least 16x16 pixels, but the images here have 8x8");
}
