//! The complete config of a run, and what in it must not change when the run is resumed.

use std::path::PathBuf;

use proptest::prelude::*;
use serde_json::{Value, json};
use steadfast_config::{
    Component, ConfigManager, ExperimentConfig, Field, ResolvedParts, Role, Section as _, config_json_bytes, diff,
    trajectory_view,
};

fn load(name: &str) -> ExperimentConfig {
    let file = PathBuf::from("tests/fixtures/good").join(name).with_extension("json");
    ConfigManager::load(&[file], &[]).unwrap().remove(0)
}

/// What owners would resolve if no component had a default.
fn resolved(config: &ExperimentConfig) -> Value {
    config.resolved(&ResolvedParts {
        model_type: config.model_type.value.clone(),
        model: config.model.to_json(),
        data: config.data.to_json(),
        optimizer: config.hyperparams.optimizer.to_json(),
        scheduler: config.hyperparams.scheduler.to_json(),
    })
}

fn reload(value: &Value) -> ExperimentConfig {
    let text = String::from_utf8(config_json_bytes(value)).unwrap();
    ConfigManager::from_text("config.json", &text).unwrap()
}

#[test]
fn a_resolved_config_is_complete() {
    let mut value = load("design-document").to_json();
    insta::assert_snapshot!(String::from_utf8(config_json_bytes(&value)).unwrap());
    for field in ExperimentConfig::fields() {
        assert!(value.as_object_mut().unwrap().shift_remove(field.name).is_some(), "{}", field.name);
    }
    assert_eq!(value, json!({}));
}

#[test]
fn loading_a_resolved_config_again_changes_nothing() {
    for name in ["design-document", "everything", "numbers", "escapes", "extends"] {
        let config = load(name);
        let once = resolved(&config);
        let again = reload(&once);
        assert_eq!(again, config, "{name}");
        assert_eq!(config_json_bytes(&resolved(&again)), config_json_bytes(&once), "{name}");
    }
}

#[test]
fn owners_fill_in_their_parts() {
    let config = load("design-document");
    let value = config.resolved(&ResolvedParts {
        model_type: "ResNet18".to_owned(),
        model: json!({"depth": 18}),
        data: json!({"format": "cifar"}),
        optimizer: Component::resolved("adam", &json!({"beta1": 0.9})),
        scheduler: Component::resolved("constant", &json!({})),
    });
    assert_eq!(value["model_type"], "ResNet18");
    assert_eq!(value["model"], json!({"depth": 18}));
    assert_eq!(value["hyperparams"]["optimizer"], json!({"kind": "adam", "beta1": 0.9}));
    let keys: Vec<_> = value.as_object().unwrap().keys().cloned().collect();
    let declared: Vec<_> = ExperimentConfig::fields().iter().map(|field| field.name).collect();
    assert_eq!(keys, declared);
    assert_eq!(reload(&value).model_type.as_str(), "ResNet18");
}

#[test]
fn the_trajectory_is_everything_that_decides_numbers() {
    insta::assert_json_snapshot!(trajectory_view(&resolved(&load("everything"))));
}

/// Paths and roles of all fields that are no sections.
fn leaves(prefix: &str, fields: &[Field]) -> Vec<(String, Role)> {
    let leaf = |field: &Field| {
        let path = format!("{prefix}{}", field.name);
        if field.fields.is_empty() { vec![(path, field.role)] } else { leaves(&format!("{path}."), &field.fields) }
    };
    fields.iter().flat_map(leaf).collect()
}

/// A field whose class changes is a decision, so it is written down here a second time.
#[test]
fn every_field_is_classed() {
    let of = |role: Role| {
        let all = leaves("", &ExperimentConfig::fields());
        all.into_iter().filter(|(_, r)| *r == role).map(|(path, _)| path).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(of(Role::Horizon), "hyperparams.epochs");
    assert_eq!(
        of(Role::Policy),
        "name description tags checkpoint.every_epochs checkpoint.every_steps checkpoint.every_seconds checkpoint.keep \
         failure.on_failure failure.retries"
    );
    assert_eq!(
        of(Role::Trajectory),
        "experiment model_type model init_from.path init_from.strict dataset_path data hyperparams.batch_size hyperparams.lr hyperparams.optimizer \
         hyperparams.weight_decay hyperparams.momentum hyperparams.scheduler hyperparams.warmup_steps \
         hyperparams.grad_clip_norm hyperparams.grad_clip_value hyperparams.accumulate_steps \
         hyperparams.label_smoothing hyperparams.ema_decay \
         hyperparams.early_stopping.patience hyperparams.early_stopping.min_delta hyperparams.early_stopping.monitor \
         hyperparams.early_stopping.mode metrics seed device checkpoint.monitor checkpoint.mode"
    );
}

#[test]
fn differences_have_path_values_and_role() {
    let before = resolved(&load("everything"));
    let mut after = before.clone();
    after["hyperparams"]["epochs"] = json!(30);
    after["hyperparams"]["optimizer"]["beta1"] = json!(0.7);
    after["hyperparams"]["early_stopping"] = Value::Null;
    after["model"]["hidden"] = json!([512]);
    after["model"]["bias"] = json!(true);
    after["description"] = json!("new");
    after["checkpoint"]["keep"] = json!(9);
    let lines = |before: &Value, after: &Value| {
        let line = |value: &Option<Value>| value.as_ref().map_or("-".to_owned(), Value::to_string);
        let changes = diff(before, after);
        changes
            .iter()
            .map(|change| {
                format!("{} {} {} -> {}", change.role.as_str(), change.path, line(&change.before), line(&change.after))
            })
            .collect::<Vec<_>>()
            .join("\n")
    };
    insta::assert_snapshot!(lines(&before, &after), @r#"
    policy description "every field, none at its default" -> "new"
    trajectory model.hidden [512,256] -> [512]
    trajectory model.bias - -> true
    horizon hyperparams.epochs 3 -> 30
    trajectory hyperparams.optimizer.beta1 0.8 -> 0.7
    trajectory hyperparams.early_stopping {"patience":3,"min_delta":0.0001,"monitor":"val_accuracy","mode":"max"} -> null
    policy checkpoint.keep 5 -> 9
    "#);
    let of_trajectory = lines(&trajectory_view(&before), &trajectory_view(&after));
    assert!(!of_trajectory.contains("policy"), "{of_trajectory}");
    assert_eq!(of_trajectory.lines().count(), 5);
    assert_eq!(diff(&before, &before), []);
}

/// Another value of the same JSON type.
fn changed(value: &Value) -> Value {
    match value {
        Value::Number(_) => json!(0.123),
        Value::String(text) => json!(format!("{text}x")),
        _ => json!(1234),
    }
}

#[test]
fn a_change_of_any_field_is_seen_unless_it_is_policy() {
    let before = resolved(&load("everything"));
    for (path, role) in leaves("", &ExperimentConfig::fields()) {
        let pointer = format!("/{}", path.replace('.', "/"));
        let mut after = before.clone();
        let place = after.pointer_mut(&pointer).unwrap();
        *place = changed(place);
        let seen = diff(&trajectory_view(&before), &trajectory_view(&after));
        let expected: Vec<_> = (role != Role::Policy).then(|| (path.clone(), role)).into_iter().collect();
        let found: Vec<_> = seen.iter().map(|change| (change.path.to_string(), change.role)).collect();
        assert_eq!(found, expected, "{path}");
    }
}

proptest! {
    #[test]
    fn parameters_of_owners_survive_as_they_are(model in super::json_values::json_object(), lr in f64::MIN_POSITIVE..1.0) {
        let mut value = resolved(&load("design-document"));
        value["model"] = model.clone();
        value["hyperparams"]["lr"] = json!(lr);
        let again = reload(&value);
        prop_assert_eq!(again.hyperparams.lr.to_bits(), lr.to_bits());
        prop_assert_eq!(resolved(&again), value);
    }
}
