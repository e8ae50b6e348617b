//! `key.key=value` on the command line.

use std::path::PathBuf;

use proptest::prelude::*;
use serde_json::{Value, json};
use steadfast_config::{ConfigManager, ExperimentConfig, Node, Problems};

const FILE: &str = "tests/fixtures/good/design-document.json";

fn load(overrides: &[&str]) -> Result<ExperimentConfig, String> {
    let overrides: Vec<_> = overrides.iter().map(|&text| text.to_owned()).collect();
    let configs = ConfigManager::load(&[PathBuf::from(FILE)], &overrides);
    configs.map(|mut configs| configs.remove(0)).map_err(|report| format!("{report:#}"))
}

/// The merged tree of the file with one override.
fn tree(change: &str) -> (Node, Problems) {
    let mut problems = Problems::new();
    let mut trees = ConfigManager::trees(&[PathBuf::from(FILE)], &[change.to_owned()], &mut problems);
    (trees.remove(0).root, problems)
}

#[test]
fn values_are_json_first_and_text_otherwise() {
    let config =
        load(&["hyperparams.lr=1e-2", "device=cuda:1", "tags=[\"a\"]", "description=two words", "seed= 7 "]).unwrap();
    assert_eq!(config.hyperparams.lr.to_bits(), 1e-2_f64.to_bits());
    assert_eq!(config.device.to_string(), "cuda:1");
    assert_eq!(config.tags, ["a"]);
    assert_eq!(config.description, "two words");
    assert_eq!(config.seed, 7);
}

#[test]
fn a_value_may_hold_further_equals_signs_or_nothing() {
    assert_eq!(load(&["description=a=b"]).unwrap().description, "a=b");
    assert_eq!(load(&["description="]).unwrap().description, "");
}

#[test]
fn the_last_of_several_overrides_wins() {
    assert_eq!(load(&["seed=1", "seed=2"]).unwrap().seed, 2);
}

#[test]
fn null_is_set_and_takes_nothing_away() {
    assert_eq!(
        load(&["checkpoint.every_steps=5", "checkpoint.every_epochs=null"]).unwrap().checkpoint.every_epochs,
        None
    );
}

#[test]
fn objects_on_the_way_are_made() {
    let config = load(&["hyperparams.early_stopping.patience=3"]).unwrap();
    assert_eq!(config.hyperparams.early_stopping.unwrap().patience, 3);
    let (root, _) = tree("model.a.b=1");
    assert_eq!(root.get("model").unwrap().to_json(), json!({"a": {"b": 1}}));
}

#[test]
fn a_named_component_takes_parameters() {
    let config = load(&["hyperparams.optimizer=sgd", "hyperparams.optimizer.nesterov=true"]).unwrap();
    assert_eq!(config.hyperparams.optimizer.kind, "sgd");
    assert_eq!(config.hyperparams.optimizer.params.to_json(), json!({"nesterov": true}));
}

#[test]
fn problems_point_into_the_override() {
    insta::assert_snapshot!(load(&["hyperparams.lr=fast", "hyperparms.epochs=3", "seed=-1"]).unwrap_err(), @r#"
    <override hyperparams.lr=fast>:1:16: error: hyperparams.lr: expected a number, found the text "fast"
    <override seed=-1>:1:6: error: seed: must be at least 0, but is -1
    <override hyperparms.epochs=3>:1:1: error: hyperparms: unknown key `hyperparms`
      help: did you mean `hyperparams`?
    "#);
}

#[test]
fn what_is_no_override_is_said_to_be_none() {
    for (text, complaint) in [
        ("lr", "<override lr>:1:1: error: an override has the form KEY=VALUE"),
        ("=1", "<override =1>:1:1: error: `` cannot be a key"),
        ("a..b=1", "<override a..b=1>:1:3: error: `` cannot be a key"),
        ("a b=1", "<override a b=1>:1:1: error: `a b` cannot be a key"),
        ("extends=x.json", "<override extends=x.json>:1:1: error: `extends` cannot be overridden"),
        ("tags=[]", ""),
    ] {
        let found = load(&[text]).err().unwrap_or_default();
        assert_eq!(found.lines().next().unwrap_or_default(), complaint, "{text}");
    }
    assert!(load(&[&format!("{}=1", ["a"; 40].join("."))]).unwrap_err().contains("more than 32 keys"));
}

#[test]
fn a_part_of_a_list_cannot_be_overridden() {
    let error = load(&["tags=[\"a\"]", "tags.0=b"]).unwrap_err();
    insta::assert_snapshot!(error, @r#"
    <override tags.0=b>:1:6: error: tags: a part of a list cannot be overridden
      help: give the whole list: `tags=[...]`
    "#);
}

#[test]
fn broken_json_is_read_as_text_but_explained() {
    insta::assert_snapshot!(load(&["tags=[\"a\"", "model={hidden:[1]}"]).unwrap_err(), @r#"
    <override tags=["a">:1:6: error: tags: expected a list of texts, found the text "[\"a\""
      help: the value was read as text, because it is not valid JSON: expected `]`, found the end of the text
    <override model={hidden:[1]}>:1:7: error: model: expected an object, found the text "{hidden:[1]}"
      help: the value was read as text, because it is not valid JSON: keys stand in double quotes, but `hidden` has none
    "#);
}

proptest! {
    #[test]
    fn any_json_arrives_as_it_is(value in super::json_values::json_value()) {
        let (root, problems) = tree(&format!("model.x={value}"));
        prop_assert!(problems.is_empty());
        prop_assert_eq!(root.get("model").unwrap().get("x").unwrap().to_json(), value);
    }

    #[test]
    fn any_text_that_is_no_json_arrives_as_text(text in any::<String>()) {
        prop_assume!(serde_json::from_str::<Value>(&text).is_err());
        let (root, problems) = tree(&format!("model.x={text}"));
        prop_assert!(problems.is_empty());
        prop_assert_eq!(root.get("model").unwrap().get("x").unwrap().as_str(), Some(text.as_str()));
    }

    #[test]
    fn no_override_makes_it_panic(text in any::<String>()) {
        let mut problems = Problems::new();
        ConfigManager::read(&[PathBuf::from(FILE)], &[text], &mut problems);
        problems.into_report().to_json();
    }
}
