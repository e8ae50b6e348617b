//! `runner verify-resume`: says that nothing is lost where nothing is, and says what is where something is.

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use crate::program::{Bench, ended};

#[test]
fn kills_of_every_kind_change_nothing() {
    let bench = Bench::new();
    bench.iris("flowers", &json!({"hyperparams": {"epochs": 6, "batch_size": 8, "lr": 0.01}}));
    let proof = bench.run(&["verify-resume", "configs", "--kills", "12", "--json"]);
    assert_eq!(proof.code, 0, "{}", proof.stderr);
    let all: Value = serde_json::from_str(&proof.stdout).unwrap();
    assert_eq!(all[0]["verdict"], "identical");
    for kind in ["SIGKILL after a step", "SIGTERM after a step", "SIGKILL inside a save", "SIGKILL at any moment"] {
        assert!(all[0]["kills"][kind].as_u64().unwrap() >= 2, "{all:#}");
    }
    assert_eq!(all[0]["kills"].as_object().unwrap().values().map(|kills| kills.as_u64().unwrap()).sum::<u64>(), 12);
    let files: Vec<_> = all[0]["files"].as_array().unwrap().iter().map(|file| &file["file"]).collect();
    assert_eq!(files.len(), 6, "{files:?}");
    assert!(!bench.path().join("results").exists(), "everything happens elsewhere");
}

/// The example with the bug, built along with the tests.
fn forgetful() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let folder = tests.parent().unwrap().parent().unwrap();
    folder.join("examples/forgetful")
}

#[test]
fn an_experiment_that_forgets_is_found_out() {
    let bench = Bench::new();
    let config = json!({
        "name": "forgetful", "experiment": "forgetful", "model_type": "None", "dataset_path": "none",
        "hyperparams": {"epochs": 3},
    });
    bench.write("forgetful.json", config.to_string());
    let output = Command::new(forgetful())
        .args(["verify-resume", "forgetful.json", "--kills", "4", "--color", "never"])
        .current_dir(bench.path())
        .env("TMPDIR", bench.path())
        .output()
        .unwrap();
    let proof = ended(&output);
    assert_eq!(proof.code, 1, "{}", proof.stderr);
    assert!(proof.stdout.starts_with("forgetful: NOT IDENTICAL in "), "{}", proof.stdout);
    assert!(proof.stdout.contains(": `train_loss` is "), "{}", proof.stdout);
    assert!(proof.stdout.contains("`place` differs in 1 of 1 elements, first at 0: "), "{}", proof.stdout);
    assert!(proof.stdout.contains("not in the checkpoint"), "{}", proof.stdout);
    let kept = fs_err::read_dir(bench.path())
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with("steadfast-verify-"));
    assert_eq!(kept.count(), 1, "both runs are kept");
}

#[test]
fn what_fails_by_itself_proves_nothing() {
    let bench = Bench::new();
    bench.iris("flowers", &json!({"dataset_path": "not/there"}));
    let proof = bench.run(&["verify-resume", "configs"]);
    assert_eq!(proof.code, 1, "{}", proof.stderr);
    assert!(proof.stdout.starts_with("flowers: FAILED: the data cannot be used"), "{}", proof.stdout);
    assert_eq!(bench.run(&["verify-resume", "nowhere.json"]).code, 2);
}
