//! A step is a pure function of the saved state and the position.

use serde_json::json;

use crate::bench::{built, config, position, train};

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
fn every_new_optimizer_with_averaged_weights_and_limited_gradients() {
    for optimizer in ["adagrad", "lion", "rmsprop"] {
        let hyperparams = json!({
            "batch_size": 16, "lr": 0.01, "optimizer": optimizer, "ema_decay": 0.9, "grad_clip_value": 0.1,
            "grad_clip_norm": 0.5, "scheduler": "one_cycle", "epochs": 3,
        });
        check(json!({"hyperparams": hyperparams}), 8);
    }
}

#[test]
fn a_schedule_that_watches_a_metric() {
    let scheduler = json!({"kind": "reduce_on_plateau", "patience": 0, "factor": 0.5, "threshold": 0.5});
    let config = config(json!({"hyperparams": {"batch_size": 64, "lr": 0.05, "scheduler": scheduler}}));
    let epoch = |experiment: &mut dyn steadfast_experiment::Experiment, epoch: u64, steps: u64| {
        let losses = train(experiment, steps, epoch * steps, (epoch + 1) * steps);
        let metrics = experiment.validate(position((epoch + 1) * steps, steps), &()).unwrap().unwrap();
        experiment.end_epoch(&metrics).unwrap();
        losses
    };
    let (mut whole, steps) = built(&config);
    let losses: Vec<Vec<u64>> = (0..5).map(|number| epoch(&mut *whole, number, steps)).collect();
    for cut in 0..5 {
        let (mut first, _) = built(&config);
        (0..cut).for_each(|number| drop(epoch(&mut *first, number, steps)));
        let (mut second, _) = built(&config);
        second.restore(first.save().unwrap()).unwrap();
        for number in cut..5 {
            assert_eq!(epoch(&mut *second, number, steps), losses[usize::try_from(number).unwrap()]);
        }
        assert_eq!(second.save().unwrap(), whole.save().unwrap(), "cut after {cut} epochs");
    }
}

#[test]
fn a_state_without_an_average_goes_on_with_one_and_the_other_way_round() {
    let with = |decay: Option<f64>| config(json!({"hyperparams": {"batch_size": 16, "lr": 0.01, "ema_decay": decay}}));
    let (mut plain, steps) = built(&with(None));
    let (mut averaged, _) = built(&with(Some(0.5)));
    train(&mut *plain, steps, 0, 3);
    train(&mut *averaged, steps, 0, 3);
    let (mut one, _) = built(&with(Some(0.5)));
    one.restore(plain.save().unwrap()).unwrap();
    let (mut other, _) = built(&with(None));
    other.restore(averaged.save().unwrap()).unwrap();
    assert_eq!(train(&mut *one, steps, 3, 5), train(&mut *other, steps, 3, 5));
    assert_eq!(other.save().unwrap().model["fc1.weight"], one.save().unwrap().optimizer["trained.fc1.weight"]);
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
