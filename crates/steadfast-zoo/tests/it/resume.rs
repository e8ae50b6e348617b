//! A step is a pure function of the saved state and the position.

use serde_json::json;

use crate::bench::{built, config, train};

/// Trains in one go and in two pieces of every size, and compares the bits of losses and state.
fn check(fields: serde_json::Value, total: u64) {
    let config = config(fields);
    let (mut whole, steps) = built(&config);
    let losses = train(&mut *whole, steps, 0, total);
    let expected = whole.save().unwrap();
    for cut in 0..=total {
        let (mut first, _) = built(&config);
        let mut found = train(&mut *first, steps, 0, cut);
        let (mut second, _) = built(&config);
        second.restore(first.save().unwrap()).unwrap();
        found.extend(train(&mut *second, steps, cut, total));
        assert_eq!(found, losses, "cut after {cut} steps");
        assert_eq!(second.save().unwrap(), expected, "cut after {cut} steps");
    }
}

#[test]
fn sgd_with_momentum() {
    let optimizer = json!({"kind": "sgd", "momentum": 0.9, "nesterov": true});
    check(json!({"hyperparams": {"batch_size": 16, "lr": 0.05, "optimizer": optimizer}}), 20);
}

#[test]
fn adam_with_dropout_clipping_accumulation_and_a_schedule() {
    let hyperparams = json!({
        "batch_size": 8, "accumulate_steps": 2, "lr": 0.01, "optimizer": "adamw", "scheduler": "cosine",
        "warmup_steps": 5, "grad_clip_norm": 0.5, "label_smoothing": 0.1, "epochs": 3,
    });
    check(json!({"model": {"hidden": [16, 8], "dropout": 0.3}, "hyperparams": hyperparams}), 20);
}

#[test]
fn convolutions() {
    let fields = json!({
        "model_type": "CNN", "model": {"channels": [4], "hidden": 8, "dropout": 0.2},
        "dataset_path": "builtin:digits", "data": {"limit_train": 100}, "hyperparams": {"batch_size": 32},
    });
    check(fields, 6);
}

#[test]
fn a_state_of_another_model_is_refused_and_changes_nothing() {
    let (mut experiment, steps) = built(&config(json!({})));
    train(&mut *experiment, steps, 0, 3);
    let before = experiment.save().unwrap();
    let (other, _) = built(&config(json!({"model": {"hidden": [17]}})));
    let error = experiment.restore(other.save().unwrap()).unwrap_err();
    insta::assert_snapshot!(error.to_string());
    assert_eq!(experiment.save().unwrap().model, before.model);
}
