//! Bad input: exit 2, where and what to do, and nothing is written.

use serde_json::json;

use crate::program::{Bench, Ended};

/// Runs what must be refused, and checks that nothing was written.
fn refused(bench: &Bench, arguments: &[&str]) -> Ended {
    let ended = bench.run(arguments);
    assert_eq!(ended.code, 2, "{}{}", ended.stdout, ended.stderr);
    assert_eq!(ended.stdout, "");
    assert!(!bench.path().join("results").exists(), "something was written");
    ended
}

#[test]
fn a_missing_file() {
    let bench = Bench::new();
    insta::assert_snapshot!(refused(&bench, &["configs/none.json"]).stderr);
}

#[test]
fn an_empty_folder() {
    let bench = Bench::new();
    fs_err::create_dir(bench.path().join("configs")).unwrap();
    insta::assert_snapshot!(refused(&bench, &["configs"]).stderr);
}

#[test]
fn broken_json() {
    let bench = Bench::new();
    bench.write("configs/a.json", "{\"name\": \"a\",\n \"model_type\": \"MLP\"\n \"dataset_path\": \"builtin:iris\"}");
    insta::assert_snapshot!(refused(&bench, &["configs"]).stderr);
}

#[test]
fn all_problems_of_all_files_at_once() {
    let bench = Bench::new();
    bench.iris("a", &json!({"model_type": "MLPP"}));
    bench.iris("b", &json!({"model_type": "Linea", "hyperparams": {"lr": "0.1", "batchsize": 3}}));
    bench.iris("c", &json!({"checkpoint": {"monitor": "val_acuracy"}, "experiment": "supervise"}));
    bench.iris("d", &json!({"hyperparams": {"optimizer": {"kind": "adam", "beta": 0.9}, "scheduler": "cosin"}}));
    bench.iris("e", &json!({"model": {"biass": true}, "data": {"format": "idxx"}}));
    insta::assert_snapshot!(refused(&bench, &["configs"]).stderr);
}

#[test]
fn one_name_twice() {
    let bench = Bench::new();
    let first = bench.iris("a", &json!({}));
    fs_err::copy(first, bench.path().join("configs/b.json")).unwrap();
    insta::assert_snapshot!(refused(&bench, &["configs"]).stderr);
}

#[test]
fn a_bad_command_line() {
    let bench = Bench::new();
    assert!(refused(&bench, &["configs", "--thread", "2"]).stderr.contains("--threads"));
}

#[test]
fn the_design_s_own_config_is_understood() {
    let bench = Bench::new();
    bench.write(
        "configs/exp1.json",
        r#"{"name": "exp1", "model_type": "MLP", "dataset_path": "/data/images", "hyperparams": {"lr": 0.01, "batch_size": 32}}"#,
    );
    let ended = bench.run(&["check", "configs", "--static"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (0, "no problems in 1 config\n"));
}

#[test]
fn problems_for_programs() {
    let bench = Bench::new();
    bench.iris("a", &json!({"model_type": "MLPP"}));
    let ended = bench.run(&["check", "configs", "--static", "--json"]);
    assert_eq!(ended.code, 2);
    insta::assert_snapshot!(ended.stdout);
}
