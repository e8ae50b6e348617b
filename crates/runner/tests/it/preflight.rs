//! What is found out before anything runs: trials, rehearsals, forecasts, and a batch that does not change any more.

use serde_json::{Value, json};

use crate::program::{Bench, Ended, wait_for};

fn check(bench: &Bench, more: &[&str]) -> (Ended, Value) {
    let ended = bench.run(&[&["check", "configs", "--json"], more].concat());
    let answer =
        serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {}{}", ended.stdout, ended.stderr));
    (ended, answer)
}

#[test]
fn each_experiment_is_tried_and_nothing_is_kept() {
    let bench = Bench::new();
    bench.iris("a", &json!({}));
    bench.iris("b", &json!({"model_type": "MLP", "dataset_path": "builtin:digits"}));
    let (ended, answer) = check(&bench, &[]);
    assert_eq!((ended.code, &answer["ok"]), (0, &json!(true)), "{answer}");
    let trial = &answer["experiments"][1]["trial"];
    assert_eq!(trial["parameters"], 512 * 65 + 256 * 513 + 10 * 257);
    let metrics = trial["metrics"].as_array().unwrap();
    assert!(metrics.contains(&json!("val_loss")) && metrics.contains(&json!("val_accuracy")), "{trial}");
    assert!(trial["peak_memory_bytes"].as_u64().unwrap() > 1 << 20);
    assert!(!bench.path().join("results").exists());
    let text = bench.run(&["check", "configs"]);
    let header: Vec<&str> = text.stdout.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(header.join(" "), "experiment parameters steps step memory disk a start would");
    assert!(text.stdout.contains("start") && text.stderr.contains("no problems in 2 configs"), "{}", text.stderr);
}

#[test]
fn what_does_not_fit_together_is_found_in_the_file() {
    let bench = Bench::new();
    bench.iris("a-shape", &json!({"model_type": "CNN"}));
    bench.iris("b-sizes", &json!({"hyperparams": {"epochs": 1, "batch_size": 4096, "warmup_steps": 50}}));
    let ended = bench.run(&["check", "configs"]);
    assert_eq!(ended.code, 2);
    insta::assert_snapshot!("what_does_not_fit", ended.stderr);
    bench.iris("c-data", &json!({"dataset_path": "no/such/folder"}));
    bench.iris("d-metric", &json!({"checkpoint": {"monitor": "val_mae"}}));
    let (_, answer) = check(&bench, &[]);
    let told = |message: &str, line: u64, column: u64| {
        answer["problems"].as_array().unwrap().iter().any(|problem| {
            problem["message"].as_str().unwrap().contains(message)
                && problem["line"] == line
                && problem["column"] == column
        })
    };
    assert!(told("no/such/folder does not exist", 4, 19), "{answer:#}");
    assert!(told("on this data there is no metric `val_mae`", 11, 16), "{answer:#}");
    // Read, but not tried, they are as good as any.
    assert_eq!(check(&bench, &["--static"]).0.code, 0);
}

#[test]
fn a_start_is_foreseen() {
    let bench = Bench::new();
    bench.iris("a-done", &json!({}));
    bench.iris("b-half", &json!({"hyperparams": {"epochs": 3, "batch_size": 16, "lr": 0.01}}));
    bench.iris("c-changed", &json!({}));
    bench.run(&["configs", "--only", "a-done", "--only", "c-changed"]);
    bench.run(&["configs", "--only", "b-half", "--max-steps", "10"]);
    bench.iris("c-changed", &json!({"seed": 5}));
    bench.iris("d-new", &json!({}));
    let checked = bench.run(&["check", "configs", "--static"]);
    assert_eq!(checked.code, 0, "a warning, since the config itself is good: {}", checked.stderr);
    assert!(checked.stderr.contains("a start would be refused: seed was 0, now it is 5"), "{}", checked.stderr);
    let ended = bench.run(&["configs", "--dry-run"]);
    assert_eq!(ended.code, 0);
    insta::assert_snapshot!("dry_run", ended.stderr.lines().skip(1).collect::<Vec<_>>().join("\n"));
}

#[test]
fn a_rehearsal_runs_everything_and_keeps_nothing() {
    let bench = Bench::new();
    bench.iris("a", &json!({"hyperparams": {"epochs": 100_000, "batch_size": 1}}));
    bench.iris("b", &json!({"dataset_path": "no/such/folder"}));
    let ended = bench.run(&["configs", "--fast-dev-run", "--json"]);
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    assert!(ended.stderr.contains("two steps each, nothing is kept"), "{}", ended.stderr);
    let rows: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((&rows[0]["status"], &rows[0]["result"]["steps"]), (&json!("completed"), &json!(2)));
    assert_eq!(rows[1]["status"], "failed");
    assert!(!bench.path().join("results").exists());
}

#[test]
fn only_what_failed_is_tried_again() {
    let bench = Bench::new();
    bench.iris("a", &json!({}));
    bench.iris("b", &json!({"dataset_path": "data"}));
    bench.run(&["configs"]);
    fs_err::remove_dir_all(bench.results("a")).unwrap();
    let ended = bench.run(&["configs", "--retry-failed"]);
    assert_eq!(ended.code, 1);
    assert!(ended.stderr.contains("1 experiment,") && !bench.results("a").exists(), "{}", ended.stderr);
}

#[test]
fn a_batch_is_frozen_when_it_starts() {
    let bench = Bench::new();
    // Long enough for an edit, without a checkpoint for each of its many epochs.
    let long = json!({"epochs": 600, "batch_size": 16, "lr": 0.01});
    bench.iris("a", &json!({"hyperparams": long, "checkpoint": {"every_epochs": 500}}));
    bench.iris("b", &json!({"seed": 1}));
    // Quiet, since nobody reads what it says meanwhile.
    let mut child = bench.start(&["configs", "--quiet"]);
    wait_for("the first experiment", || bench.results("a").join("metrics.jsonl").exists().then_some(()));
    // Edited and even deleted while the first one runs.
    bench.iris("b", &json!({"seed": 2}));
    fs_err::remove_file(bench.path().join("configs/a.json")).unwrap();
    assert!(!bench.results("b").exists(), "the edit came too late");
    assert!(child.wait().unwrap().success());
    let config: Value = serde_json::from_slice(bench.files("b").get("config.json").unwrap()).unwrap();
    assert_eq!(config["seed"], 1, "what stood there at the start");
    // The next start sees the edit, and says so.
    let ended = bench.run(&["configs"]);
    assert_eq!(ended.code, 3, "{}", ended.stderr);
    assert!(ended.stderr.contains("`seed` was 1, now it is 2"), "{}", ended.stderr);
}
