//! Signals: the step is finished, everything is saved, the same command continues.

use rustix::process::{Signal, kill_process};
use serde_json::json;

use crate::program::{Bench, ended, send, wait_for, worker_of};

/// Long enough to be interrupted.
fn long() -> serde_json::Value {
    json!({
        "model_type": "MLP",
        "dataset_path": "builtin:digits",
        "model": {"hidden": [64]},
        "hyperparams": {"epochs": 60, "batch_size": 8, "lr": 0.001},
    })
}

fn wait_for_checkpoint(bench: &Bench, name: &str) {
    let folder = bench.results(name).join("checkpoints");
    wait_for("a checkpoint", || {
        let entries = fs_err::read_dir(&folder).ok()?;
        entries.flatten().find(|entry| entry.file_name().to_string_lossy().ends_with(".safetensors"))
    });
}

#[test]
fn term_and_int_stop_resumably() {
    let reference = Bench::new();
    reference.iris("digits", &long());
    assert_eq!(reference.run(&["configs"]).code, 0);
    for (signal, code) in [(Signal::TERM, 143), (Signal::INT, 130)] {
        let bench = Bench::new();
        bench.iris("digits", &long());
        let child = bench.start(&["configs"]);
        wait_for_checkpoint(&bench, "digits");
        send(&child, signal);
        let ended = ended(&child.wait_with_output().unwrap());
        assert_eq!(ended.code, code, "{}", ended.stderr);
        assert_eq!(bench.result("digits")["status"], "interrupted");
        assert!(ended.stdout.contains("interrupted"), "{}", ended.stdout);
        let again = bench.run(&["configs"]);
        assert_eq!(again.code, 0, "{}", again.stderr);
        assert!(again.stderr.contains("resumed"), "{}", again.stderr);
        assert_eq!(bench.files("digits").differing(&reference.files("digits")), [""; 0]);
    }
}

#[test]
fn a_killed_worker_takes_only_its_own_experiment() {
    let bench = Bench::new();
    bench.iris("a-digits", &long());
    bench.iris("b-iris", &json!({}));
    let child = bench.start(&["configs"]);
    wait_for_checkpoint(&bench, "a-digits");
    let worker = wait_for("a worker", || worker_of(&child));
    kill_process(worker, Signal::KILL).unwrap();
    let ended = ended(&child.wait_with_output().unwrap());
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    assert!(ended.stderr.contains("killed by signal 9"), "{}", ended.stderr);
    assert_eq!(bench.result("a-digits")["error"]["class"], "killed");
    assert_eq!(bench.result("b-iris")["status"], "completed");
    let again = bench.run(&["configs"]);
    assert_eq!(again.code, 0, "{}", again.stderr);
    assert!(again.stderr.contains("resumed") && again.stderr.contains("already complete"), "{}", again.stderr);
}

#[test]
fn a_second_runner_is_turned_away() {
    let bench = Bench::new();
    bench.iris("digits", &long());
    let first = bench.start(&["configs"]);
    wait_for_checkpoint(&bench, "digits");
    let second = bench.run(&["configs"]);
    assert_eq!(second.code, 4, "{}", second.stderr);
    assert!(second.stderr.contains("held"), "{}", second.stderr);
    send(&first, Signal::TERM);
    assert_eq!(ended(&first.wait_with_output().unwrap()).code, 143);
}

#[test]
fn the_time_limit_is_a_polite_stop() {
    let bench = Bench::new();
    let mut config = long();
    config["hyperparams"]["epochs"] = 100_000.into();
    bench.iris("digits", &config);
    let ended = bench.run(&["configs", "--max-time", "1s"]);
    assert_eq!(ended.code, 143, "{}", ended.stderr);
    assert_eq!(bench.result("digits")["status"], "interrupted");
}
