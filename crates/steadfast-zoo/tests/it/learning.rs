//! The steps do what they should: they learn, and what is accumulated equals what is not.

use serde_json::json;
use steadfast_experiment::FailureClass;
use steadfast_testkit::Dice;

use crate::bench::{built, config, position, train};

#[test]
fn a_linear_model_learns_the_flowers() {
    let fields = json!({
        "model_type": "Linear", "model": {},
        "hyperparams": {"batch_size": 16, "lr": 0.1, "optimizer": {"kind": "sgd", "momentum": 0.9}},
    });
    let (mut experiment, steps) = built(&config(fields));
    train(&mut *experiment, steps, 0, 40 * steps);
    let metrics = experiment.validate(position(40 * steps, steps), &()).unwrap().unwrap();
    assert!(metrics.get("val_accuracy").unwrap() >= 0.9, "{metrics:?}");
}

#[test]
fn regression_gets_better() {
    let fields = json!({
        "model_type": "Linear", "model": {}, "dataset_path": "builtin:diabetes",
        "hyperparams": {"batch_size": 32, "lr": 1.0},
    });
    let (mut experiment, steps) = built(&config(fields));
    let before = experiment.validate(position(0, steps), &()).unwrap().unwrap();
    train(&mut *experiment, steps, 0, 40 * steps);
    let after = experiment.validate(position(40 * steps, steps), &()).unwrap().unwrap();
    assert!(after.get("val_loss").unwrap() < 0.3 * before.get("val_loss").unwrap(), "{before:?} {after:?}");
    assert!(after.get("val_mae").unwrap() < 60.0, "{after:?}");
}

#[test]
fn accumulated_batches_make_the_same_step_as_one_large_one() {
    let step = |batch_size: u64, accumulate_steps: u64| {
        let hyperparams = json!({"batch_size": batch_size, "accumulate_steps": accumulate_steps, "optimizer": "sgd"});
        let (mut experiment, steps) = built(&config(json!({"hyperparams": hyperparams})));
        let loss = f64::from_bits(train(&mut *experiment, steps, 0, 1)[0]);
        let model = experiment.save().unwrap().model;
        (loss, model["fc1.weight"].to_f32().unwrap())
    };
    let (loss, weights) = step(32, 1);
    let (loss_in_parts, weights_in_parts) = step(8, 4);
    assert!((loss - loss_in_parts).abs() < 1e-6);
    for (one, other) in weights.iter().zip(&weights_in_parts) {
        assert!((one - other).abs() < 1e-6, "{one} {other}");
    }
}

#[test]
fn a_loss_that_overflows_changes_nothing() {
    let (mut experiment, steps) = built(&config(json!({"hyperparams": {"lr": 1e30, "optimizer": "sgd"}})));
    for step in 0..20 {
        let before = experiment.save().unwrap();
        if let Err(error) = experiment.train_step(position(step, steps)) {
            assert_eq!(error.class(), FailureClass::Numeric, "{error}");
            assert_eq!(experiment.save().unwrap(), before);
            return;
        }
    }
    panic!("a learning rate of 1e30 must overflow");
}

#[test]
fn the_seed_decides_everything() {
    let model = |seed: u64| {
        let (mut experiment, steps) = built(&config(json!({"seed": seed})));
        train(&mut *experiment, steps, 0, 3);
        experiment.save().unwrap()
    };
    let seed = Dice::new(5).roll();
    assert_eq!(model(seed), model(seed));
    assert_ne!(model(seed).model, model(seed - 1).model);
}
