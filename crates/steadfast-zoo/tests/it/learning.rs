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
fn regression_learns_with_an_ordinary_rate_and_tells_errors_in_the_unit_of_the_data() {
    let fields = json!({
        "model_type": "Linear", "model": {}, "dataset_path": "builtin:diabetes",
        "hyperparams": {"batch_size": 32, "lr": 0.01, "optimizer": "sgd"},
    });
    let (mut experiment, steps) = built(&config(fields));
    let report = experiment.train_step(position(0, steps)).unwrap();
    assert!(report.loss() > 1000.0, "{report:?}");
    train(&mut *experiment, steps, 1, 40 * steps);
    let after = experiment.validate(position(40 * steps, steps), &()).unwrap().unwrap();
    let (mae, r2) = (after.get("val_mae").unwrap(), after.get("val_r2").unwrap());
    assert!(mae < 60.0 && r2 > 0.1, "{after:?}");
    let scale = &experiment.preprocessing().unwrap()["target_scale"];
    assert!(scale["mean"][0].as_f64().unwrap() > 100.0 && scale["std"][0].as_f64().unwrap() > 50.0, "{scale}");
}

#[test]
fn targets_can_be_left_as_they_are() {
    let data = json!({"normalize_targets": false});
    let fields = json!({"model_type": "Linear", "model": {}, "dataset_path": "builtin:diabetes", "data": data});
    let (experiment, _) = built(&config(fields));
    assert_eq!(experiment.preprocessing().unwrap()["target_scale"], json!({"mean": [], "std": []}));
}

#[test]
fn averaged_weights_are_what_is_validated_and_saved() {
    let run = |decay: Option<f64>| {
        let fields = json!({"hyperparams": {"batch_size": 16, "lr": 0.1, "ema_decay": decay}});
        let (mut experiment, steps) = built(&config(fields));
        train(&mut *experiment, steps, 0, 10);
        let metrics = experiment.validate(position(10, steps), &()).unwrap().unwrap();
        (metrics, experiment.save().unwrap(), experiment)
    };
    let (plain_metrics, plain, _) = run(None);
    let (metrics, averaged, mut experiment) = run(Some(0.9));
    assert_ne!(plain_metrics, metrics);
    assert_ne!(plain.model, averaged.model);
    // Training goes on with the weights that were trained.
    assert_eq!(plain.model["fc1.weight"], averaged.optimizer["trained.fc1.weight"]);
    // The exported weights, loaded as they are, measure the same.
    let inference = experiment.inference().unwrap();
    inference.load_weights(&averaged.model).unwrap();
    let evaluation = inference.evaluate(steadfast_experiment::Part::Validation, &()).unwrap().unwrap();
    assert_eq!(evaluation.metrics.get("loss"), metrics.get("val_loss"));
}

#[test]
fn a_plateau_lowers_the_rate() {
    let scheduler = json!({"kind": "reduce_on_plateau", "patience": 0, "factor": 0.5, "threshold": 10.0});
    let fields = json!({"hyperparams": {"batch_size": 16, "lr": 0.1, "scheduler": scheduler}});
    let (mut experiment, steps) = built(&config(fields));
    for epoch in 0..3 {
        let report = experiment.train_step(position(epoch * steps, steps)).unwrap();
        assert!((report.lr - 0.1 * 0.5_f64.powi(i32::try_from(epoch).unwrap().max(1) - 1)).abs() < 1e-12);
        let metrics = experiment.validate(position(epoch * steps, steps), &()).unwrap().unwrap();
        experiment.end_epoch(&metrics).unwrap();
    }
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
