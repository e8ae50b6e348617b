//! What is on the page is what is in the runs.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{data, run};

#[test]
fn figures_are_those_of_the_result_to_the_last_digit() {
    let runs = vec![run("a-s0", 0, 0.1), run("a-s1", 1, 0.1), run("b", 0, 0.30000000000000004)];
    let told = data(runs.clone());
    for (row, run) in told["runs"].as_array().unwrap().iter().zip(&runs) {
        for key in ["best", "last", "epochs", "steps", "evaluation", "config_sha256", "data_sha256"] {
            assert_eq!(row[key], run.result[key], "{key} of {}", run.name);
        }
        assert_eq!(row["seconds"], run.timing["total_s"]);
    }
}

#[test]
fn settings_can_be_put_together_again() {
    let runs = vec![run("a", 0, 0.1), run("b", u64::MAX, 0.3)];
    let told = data(runs);
    assert_eq!(
        told["common"],
        json!([
            ["dataset_path", "builtin:iris"],
            ["hyperparams.epochs", 3],
            ["checkpoint.monitor", "val_loss"],
            ["checkpoint.mode", "min"]
        ])
    );
    let keys: Vec<&Value> = told["parameters"].as_array().unwrap().iter().map(|one| &one["key"]).collect();
    assert_eq!(keys, [&json!("name"), &json!("seed"), &json!("hyperparams.lr")]);
    assert_eq!(told["parameters"][1]["levels"], json!([0, "18446744073709551615"]), "JavaScript would round it");
    assert_eq!(told["runs"][1]["values"], json!([1, 1, 1]));
}

#[test]
fn seeds_make_groups() {
    let told = data(vec![run("a-s0", 0, 0.1), run("a-s1", 1, 0.1), run("b-s0", 0, 0.2)]);
    assert_eq!(told["groups"], json!(["a", "b-s0"]));
    let groups: Vec<&Value> = told["runs"].as_array().unwrap().iter().map(|run| &run["group"]).collect();
    assert_eq!(groups, [&json!(0), &json!(0), &json!(1)]);
}

proptest! {
    /// Any number that a result can hold arrives as it is.
    #[test]
    fn no_digit_is_lost(value in any::<f64>().prop_filter("JSON has no word for it", |value| value.is_finite())) {
        let mut odd = run("a", 0, 0.1);
        odd.result["best"]["val_loss"] = json!(value);
        let told = data(vec![odd]);
        prop_assert_eq!(told["runs"][0]["best"]["val_loss"].as_f64().map(f64::to_bits), Some(value.to_bits()));
    }
}
