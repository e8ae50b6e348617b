//! The JSON Schema says what the program says: good configs fit it, bad ones do not.

use serde_json::{Value, json};

use crate::program::{Bench, repository};

fn schema() -> Value {
    serde_json::from_str(&Bench::new().run(&["schema"]).stdout).unwrap()
}

/// The parts of draft-07 that the schema uses; patterns are those that the program makes.
fn fits(root: &Value, schema: &Value, value: &Value) -> bool {
    let all =
        |key: &str, test: &dyn Fn(&Value) -> bool| schema[key].as_array().is_none_or(|list| list.iter().all(test));
    let number = |key: &str, test: &dyn Fn(f64, f64) -> bool| {
        schema[key].as_f64().zip(value.as_f64()).is_none_or(|(bound, value)| test(value, bound))
    };
    if let Some(target) = schema["$ref"].as_str() {
        return fits(root, root.pointer(target.trim_start_matches('#')).unwrap(), value);
    }
    let is_type = match schema["type"].as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("null") => value.is_null(),
        Some("integer") => value.is_u64() || value.is_i64(),
        Some("number") => value.is_number(),
        _ => true,
    };
    let members = |value: &Value| {
        value.as_object().is_none_or(|members| {
            members.iter().all(|(key, member)| match schema["properties"].get(key) {
                Some(property) => fits(root, property, member),
                None => schema["additionalProperties"] != json!(false),
            })
        })
    };

    is_type
        && schema["const"].as_str().is_none_or(|wanted| value == wanted)
        && schema["enum"].as_array().is_none_or(|names| names.contains(value))
        && schema["anyOf"].as_array().is_none_or(|list| list.iter().any(|schema| fits(root, schema, value)))
        && schema.get("if").is_none_or(|condition| !fits(root, condition, value) || fits(root, &schema["then"], value))
        && all("allOf", &|schema| fits(root, schema, value))
        && schema.get("not").is_none_or(|schema| !fits(root, schema, value))
        && all("required", &|key| !value.is_object() || value.get(key.as_str().unwrap()).is_some())
        && members(value)
        && value.as_array().is_none_or(|items| items.iter().all(|item| fits(root, &schema["items"], item)))
        && schema["pattern"].as_str().is_none_or(|pattern| value.as_str().is_none_or(|text| spelled(pattern, text)))
        && number("minimum", &|value, bound| value >= bound)
        && number("maximum", &|value, bound| value <= bound)
        && number("exclusiveMinimum", &|value, bound| value > bound)
        && number("exclusiveMaximum", &|value, bound| value < bound)
}

/// `^[-_]*[Mm][-_]*...$` spells a name; other patterns are left to editors.
fn spelled(pattern: &str, text: &str) -> bool {
    let Some(letters) = pattern.strip_prefix("^[-_]*").and_then(|rest| rest.strip_suffix('$')) else { return true };
    let name: String = letters
        .split("[-_]*")
        .filter_map(|letter| letter.trim_start_matches('[').trim_end_matches(']').chars().last())
        .collect();
    text.replace(['-', '_'], "").to_lowercase() == name
}

#[test]
fn every_config_of_the_repository_fits() {
    let schema = schema();
    for folder in ["configs", "configs/fashion-mnist", "configs/text"] {
        for entry in fs_err::read_dir(repository().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|ending| ending == "json") {
                let config: Value = serde_json::from_slice(&fs_err::read(&path).unwrap()).unwrap();
                assert!(fits(&schema, &schema, &config), "{}", path.display());
            }
        }
    }
}

#[test]
fn mistakes_do_not_fit() {
    let schema = schema();
    let config = |changes: Value| {
        let mut config = json!({"name": "a", "model_type": "MLP", "dataset_path": "builtin:iris"});
        config.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        config
    };
    let good = [
        json!({}),
        json!({"model_type": "m-lp", "model": {"hidden": [8]}}),
        json!({"$schema": "x.json", "hyperparams": {"optimizer": {"kind": "adam", "beta1": 0.5}, "scheduler": "cosine"}}),
        json!({"model_type": "CNN", "model": {"channels": [4]}, "data": {"format": "idx"}}),
    ];
    for changes in good {
        assert!(fits(&schema, &schema, &config(changes.clone())), "{changes}");
    }
    let bad = [
        json!({"model_type": "MLPP"}),
        json!({"model": {"channels": [4]}}),
        json!({"model": {"dropout": 1.0}}),
        json!({"hyperparams": {"lr": 0}}),
        json!({"hyperparams": {"learning_rate": 0.1}}),
        json!({"hyperparams": {"optimizer": "adamm"}}),
        json!({"hyperparams": {"optimizer": {"kind": "adam", "nesterov": true}}}),
        json!({"data": {"formatt": "idx"}}),
        json!({"unknown": 1}),
        json!({"experiment": "my-own"}),
        json!({"seed": -1}),
    ];
    for changes in bad {
        assert!(!fits(&schema, &schema, &config(changes.clone())), "{changes}");
    }
    assert!(!fits(&schema, &schema, &json!({"name": "a"})), "keys that must be there");
    assert!(fits(&schema, &schema, &json!({"extends": "b.json", "name": "a"})), "unless others are extended");
}

#[test]
fn everything_is_explained() {
    let schema = schema();
    let mut open = vec![(String::new(), &schema)];
    while let Some((path, part)) = open.pop() {
        for (key, property) in part["properties"].as_object().into_iter().flatten() {
            let path = format!("{path}.{key}");
            if !path.contains("if.") && part["additionalProperties"] == json!(false) {
                assert!(property["description"].as_str().is_some_and(|text| !text.is_empty()), "{path}");
            }
            open.push((path, property));
        }
        open.extend(part["definitions"].as_object().into_iter().flatten().map(|(key, part)| (key.clone(), part)));
    }
}
