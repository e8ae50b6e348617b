//! Every row of every table can be named in a config, and what it resolves to is complete.

use serde_json::{Value, json};
use steadfast_zoo::{datasets::BUILTINS, models::MODELS, optimizers::OPTIMIZERS, schedulers::SCHEDULERS};

use crate::bench::{built, config, prepare, train};

/// The parameters of a section all have a doc comment and stand in the resolved config.
fn check_section(name: &str, fields: &[steadfast_config::Field], resolved: &Value) {
    for field in fields {
        assert!(!field.doc.is_empty(), "{name}.{} is not documented", field.name);
        assert!(resolved.get(field.name).is_some(), "{name}.{} is missing from {resolved}", field.name);
    }
}

#[test]
fn every_model_of_images_learns_digits_from_its_defaults() {
    // A text model is trained by the module `models`.
    for entry in MODELS.iter().filter(|entry| entry.name != "GPT") {
        let config = config(json!({"model_type": entry.name, "model": {}, "dataset_path": "builtin:digits"}));
        let prepared = prepare(&config).unwrap();
        check_section(entry.name, &(entry.fields)(), &prepared.parts.model);
        let (mut experiment, steps) = built(&config);
        let before = experiment.save().unwrap().model;
        // Where the last layer begins with zeros, the first step changes nothing below it.
        train(&mut *experiment, steps, 0, 2);
        for (name, tensor) in experiment.save().unwrap().model {
            assert_ne!(before[&name], tensor, "{}: two steps left {name} as it was", entry.name);
        }
    }
}

#[test]
fn every_optimizer_is_complete() {
    for entry in OPTIMIZERS {
        let prepared = prepare(&config(json!({"hyperparams": {"optimizer": entry.name}}))).unwrap();
        assert_eq!(prepared.parts.optimizer["kind"], entry.name);
        check_section(entry.name, &(entry.fields)(), &prepared.parts.optimizer);
    }
}

#[test]
fn every_schedule_is_complete_and_starts_at_the_full_rate() {
    for entry in SCHEDULERS {
        let scheduler = match entry.name {
            "multi_step" => json!({"kind": "multi_step", "milestones": [1]}),
            name => json!(name),
        };
        let config = config(json!({"hyperparams": {"scheduler": scheduler, "lr": 0.25}}));
        let prepared = prepare(&config).unwrap();
        check_section(entry.name, &(entry.fields)(), &prepared.parts.scheduler);
        let (mut experiment, steps) = built(&config);
        let report = experiment.train_step(crate::bench::position(0, steps)).unwrap();
        // One cycle rises to it.
        let expected = if entry.name == "one_cycle" { 0.01 } else { 0.25 };
        assert!((report.lr - expected).abs() < 1e-12, "{}", entry.name);
    }
}

#[test]
fn every_built_in_data_set_can_be_learnt_from() {
    for builtin in BUILTINS {
        let (mut experiment, steps) = built(&config(json!({"dataset_path": builtin.path})));
        let losses = train(&mut *experiment, steps, 0, steps.min(5));
        assert!(losses.iter().all(|bits| f64::from_bits(*bits).is_finite()), "{}", builtin.path);
    }
}
