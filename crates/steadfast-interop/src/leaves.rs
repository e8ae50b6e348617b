//! A config as a flat list.

use serde_json::Value;

/// Sections and keys of a config that say how a run was trained.
const HYPERPARAMETERS: [&str; 6] = ["experiment", "model_type", "model", "dataset_path", "hyperparams", "seed"];

/// Every value under its whole key; lists and empty objects are values.
pub(crate) fn leaves(config: &Value) -> Vec<(String, &Value)> {
    let mut all = Vec::new();
    collect(config, String::new(), &mut all);
    all
}

/// What was chosen for this training, without what was left open.
pub(crate) fn hyperparameters(config: &Value) -> Vec<(String, &Value)> {
    let is_one = |key: &str| {
        HYPERPARAMETERS.contains(&key)
            || key.split_once('.').is_some_and(|(section, _)| HYPERPARAMETERS.contains(&section))
    };
    leaves(config).into_iter().filter(|(key, value)| !value.is_null() && is_one(key)).collect()
}

/// The value as a text without quotes.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn collect<'a>(value: &'a Value, key: String, all: &mut Vec<(String, &'a Value)>) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (name, value) in members {
                let key = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
                collect(value, key, all);
            }
        }
        Value::Null if key.is_empty() => {}
        value => all.push((key, value)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn hyperparameters_are_what_was_chosen() {
        let config = json!({
            "name": "a", "seed": 1, "model": {"hidden": [2, 3]}, "model_type": "MLP",
            "hyperparams": {"lr": 0.1, "momentum": null}, "checkpoint": {"keep": 2},
        });
        let found: Vec<(String, String)> =
            hyperparameters(&config).into_iter().map(|(key, value)| (key, plain(value))).collect();
        let expected = [("seed", "1"), ("model.hidden", "[2,3]"), ("model_type", "MLP"), ("hyperparams.lr", "0.1")];
        assert_eq!(found, expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
        assert!(leaves(&Value::Null).is_empty());
    }
}
