//! `runner list`: what stands in the results folder, told honestly.

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};

use crate::program::{Bench, wait_for};

fn statuses(bench: &Bench) -> Vec<(String, String)> {
    let ended = bench.run(&["list", "--json"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let rows: Vec<Value> = serde_json::from_str(&ended.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    rows.iter().map(|row| (text(&row["name"]), text(&row["status"]))).collect()
}

#[test]
fn every_run_has_its_line() {
    let bench = Bench::new();
    assert!(bench.run(&["list"]).stderr.contains("no runs in results"));
    bench.iris("a-good", &json!({}));
    bench.iris("b-missing", &json!({"dataset_path": "no/such/folder"}));
    bench.run(&["configs"]);
    insta::assert_snapshot!(bench.run(&["list"]).stdout);
}

#[test]
fn a_killed_run_is_interrupted_and_not_running() {
    let bench = Bench::new();
    let hyperparams = json!({"epochs": 100_000, "batch_size": 16, "lr": 0.001});
    bench.iris("long", &json!({"hyperparams": hyperparams}));
    let mut child = bench.start(&["configs"]);
    wait_for("a running run", || statuses(&bench).contains(&("long".to_owned(), "running".to_owned())).then_some(()));
    let worker = wait_for("a worker", || crate::program::worker_of(&child));
    child.kill().unwrap();
    // The worker leads a process group of its own.
    let _ = kill_process_group(worker, Signal::KILL);
    child.wait().unwrap();
    let gone = |pid: Pid| rustix::process::test_kill_process(pid).is_err();
    wait_for("the worker's end", || gone(worker).then_some(()));
    assert_eq!(statuses(&bench), [("long".to_owned(), "interrupted".to_owned())]);
}
