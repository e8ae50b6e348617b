//! Named kinds of experiment refuse what they are not for, and metrics are known before anything runs.

use serde_json::{Value, json};

use crate::bench::{config, prepare};

/// What is wrong with a config, before or at the loading of its data.
fn refusal(fields: Value) -> String {
    match prepare(&config(fields)) {
        Err(report) => report,
        Ok(prepared) => match (prepared.build)().load_data() {
            Err(error) => error.to_string(),
            Ok(data) => panic!("nothing is wrong with {data:?}"),
        },
    }
}

#[test]
fn what_fits_is_taken() {
    for (kind, model, data) in [
        ("tabular_classification", "MLP", "builtin:iris"),
        ("image_classification", "CNN", "builtin:digits"),
        ("regression", "MLP", "builtin:diabetes"),
    ] {
        let fields = json!({"experiment": kind, "model_type": model, "model": {}, "dataset_path": data});
        (prepare(&config(fields)).unwrap().build)().load_data().unwrap();
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let with = |kind: &str, data: &str| json!({"experiment": kind, "dataset_path": data});
    insta::assert_snapshot!(refusal(with("regression", "builtin:iris")));
    insta::assert_snapshot!(refusal(with("image_classification", "builtin:iris")));
    insta::assert_snapshot!(refusal(with("language_modeling", "builtin:digits")));
    insta::assert_snapshot!(refusal(with("reconstruction", "builtin:digits")));
}

#[test]
fn metrics_are_known_before_anything_runs() {
    insta::assert_snapshot!(refusal(json!({"metrics": ["f1_macor"]})));
    insta::assert_snapshot!(refusal(json!({"experiment": "regression", "metrics": ["accuracy"]})));
    insta::assert_snapshot!(refusal(json!({"metrics": ["r2"]})));
    let scheduler = json!({"kind": "reduce_on_plateau", "monitor": "val_los"});
    insta::assert_snapshot!(refusal(json!({"hyperparams": {"scheduler": scheduler}})));
}

#[test]
fn what_is_asked_for_is_measured() {
    let fields = json!({"metrics": ["roc_auc", "f1_macro"], "hyperparams": {"batch_size": 16}});
    let (mut experiment, steps) = crate::bench::built(&config(fields));
    let metrics = experiment.validate(crate::bench::position(0, steps), &()).unwrap().unwrap();
    let names: Vec<&str> = metrics.names().collect();
    assert_eq!(names, ["val_loss", "val_accuracy", "val_f1_macro", "val_roc_auc"]);
    let details = experiment.details().unwrap();
    assert_eq!(details["f1_macro"].as_f64(), metrics.get("val_f1_macro"));
    let counts = details["confusion_matrix"]["counts"].as_array().unwrap();
    let all: u64 = counts.iter().flat_map(|row| row.as_array().unwrap()).map(|count| count.as_u64().unwrap()).sum();
    assert_eq!(all, 15);
    assert_eq!(details["confusion_matrix"]["classes"][0], "setosa");
}
