//! A batch: strictly in order, and one failure is not another's.

use serde_json::json;

use crate::program::{Bench, stable};

#[test]
fn a_failing_experiment_does_not_stop_the_rest() {
    let bench = Bench::new();
    bench.iris("a-good", &json!({}));
    bench.iris("b-missing", &json!({"dataset_path": "no/such/folder"}));
    bench.iris("c-good", &json!({}));
    let ended = bench.run(&["configs"]);
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    assert_eq!(bench.result("a-good")["status"], "completed");
    assert_eq!(bench.result("c-good")["status"], "completed");
    let failed = bench.result("b-missing");
    assert_eq!((&failed["status"], &failed["error"]["class"]), (&json!("failed"), &json!("data")));
    assert!(failed["error"]["message"].as_str().unwrap().contains("no/such/folder"), "{failed}");
    let log = fs_err::read_to_string(bench.results("b-missing").join("log.txt")).unwrap();
    assert!(log.contains("no/such/folder"), "{log}");
}

#[test]
fn abort_leaves_the_rest_alone() {
    let bench = Bench::new();
    bench.iris("a-missing", &json!({"dataset_path": "no/such/folder"}));
    bench.iris("b-good", &json!({}));
    let ended = bench.run(&["configs", "--fail-fast"]);
    assert_eq!(ended.code, 1);
    assert!(ended.stdout.contains("not run"), "{}", ended.stdout);
    assert!(!bench.results("b-good").exists());
    let config = json!({"dataset_path": "no/such/folder", "failure": {"on_failure": "abort"}});
    bench.iris("a-missing", &config);
    assert!(bench.run(&["configs"]).stdout.contains("not run"));
    assert!(bench.run(&["configs", "--on-failure", "skip"]).code == 1 && bench.results("b-good").exists());
}

#[test]
fn a_truncated_data_set_fails_by_name() {
    let bench = Bench::new();
    for part in ["train-images-idx3-ubyte", "t10k-images-idx3-ubyte"] {
        // Announces 10 images of 28x28 and holds one byte.
        bench.write(&format!("data/{part}"), [0, 0, 8, 3, 0, 0, 0, 10, 0, 0, 0, 28, 0, 0, 0, 28, 7]);
    }
    for part in ["train-labels-idx1-ubyte", "t10k-labels-idx1-ubyte"] {
        bench.write(&format!("data/{part}"), [0, 0, 8, 1, 0, 0, 0, 10, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    }
    bench.iris("short", &json!({"dataset_path": "data", "model_type": "CNN"}));
    bench.iris("whole", &json!({}));
    let ended = bench.run(&["configs"]);
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    assert!(ended.stderr.contains("train-images-idx3-ubyte"), "{}", ended.stderr);
    assert_eq!(bench.result("whole")["status"], "completed");
}

#[test]
fn what_a_user_sees() {
    let bench = Bench::new();
    bench.iris("flowers", &json!({}));
    let first = bench.run(&["configs"]);
    assert_eq!(first.code, 0, "{}", first.stderr);
    insta::assert_snapshot!("first_run_progress", stable(&first.stderr));
    insta::assert_snapshot!("first_run_table", stable(&first.stdout));
    let second = bench.run(&["configs"]);
    assert_eq!(second.code, 0);
    insta::assert_snapshot!("second_run_progress", stable(&second.stderr));
}

#[test]
fn what_a_run_leaves() {
    let bench = Bench::new();
    bench.iris("flowers", &json!({}));
    bench.run(&["configs"]);
    let mut names: Vec<String> = fs_err::read_dir(bench.results("flowers"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    insta::assert_snapshot!(names.join("\n"));
    let config = String::from_utf8(bench.files("flowers").get("config.json").unwrap().to_vec()).unwrap();
    insta::assert_snapshot!("resolved_config", config);
}

#[test]
fn json_and_quiet() {
    let bench = Bench::new();
    bench.iris("flowers", &json!({}));
    let ended = bench.run(&["configs", "--json", "--quiet"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""));
    let rows: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(rows[0]["status"], "completed");
    assert_eq!(rows[0]["result"]["epochs"], 3);
}

#[test]
fn in_this_process_the_same_comes_out() {
    let (apart, here) = (Bench::new(), Bench::new());
    for bench in [&apart, &here] {
        bench.iris("flowers", &json!({}));
    }
    apart.run(&["configs"]);
    let ended = here.run(&["configs", "--isolation", "none"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(here.files("flowers").differing(&apart.files("flowers")), [""; 0]);
}

#[test]
fn a_dry_run_writes_nothing() {
    let bench = Bench::new();
    bench.iris("flowers", &json!({}));
    let ended = bench.run(&["configs", "--dry-run"]);
    assert_eq!(ended.code, 0);
    assert!(ended.stderr.contains("flowers  would start"), "{}", ended.stderr);
    assert!(!bench.path().join("results").exists());
}

#[test]
fn only_what_is_named_is_run() {
    let bench = Bench::new();
    bench.iris("a", &json!({}));
    bench.iris("b", &json!({}));
    assert_eq!(bench.run(&["configs", "--only", "b"]).code, 0);
    assert!(bench.results("b").exists() && !bench.results("a").exists());
    let ended = bench.run(&["configs", "--only", "bb"]);
    assert_eq!(ended.code, 2);
    assert!(ended.stderr.contains("did you mean `b`?"), "{}", ended.stderr);
}

#[test]
fn what_can_pass_is_tried_again_and_what_cannot_is_not() {
    let bench = Bench::new();
    bench.iris("a-missing", &json!({"dataset_path": "no/such/folder", "failure": {"retries": 2}}));
    let diverging = json!({"epochs": 50, "lr": 1e30, "optimizer": "sgd"});
    bench.iris("b-diverging", &json!({"model_type": "MLP", "hyperparams": diverging, "failure": {"retries": 2}}));
    let ended = bench.run(&["configs"]);
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    assert_eq!(ended.stderr.matches("trying again").count(), 2, "{}", ended.stderr);
    assert_eq!(bench.result("b-diverging")["error"]["class"], "numeric");
}
