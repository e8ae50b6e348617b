//! Configs that are made to hurt: an error, soon, and without much memory.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;

use crate::program::{Bench, ended, send, wait_for, worker_of};

/// Seconds that an answer may take; the slower ones are on busy machines.
const PATIENCE: Duration = Duration::from_secs(10);

/// Most resident memory, in KiB.
const MEMORY: u64 = 64 * 1024;

/// Runs `check`, and gives its exit code, its complaint, and the most memory that was seen.
fn refused(bench: &Bench, path: &str) -> String {
    let begun = Instant::now();
    let mut child = bench.start(&["check", path]);
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        let text = fs_err::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        peak = peak.max(line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0));
        std::thread::sleep(Duration::from_millis(1));
    }
    let output = child.wait_with_output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{complaint}");
    assert!(begun.elapsed() < PATIENCE, "{path} took {:?}", begun.elapsed());
    assert!(peak <= MEMORY, "{path} took {peak} KiB");
    complaint
}

#[test]
fn a_gibibyte_is_not_read() {
    let bench = Bench::new();
    let path = bench.write("huge.json", "{");
    // A sparse file: it takes no room, but reads as zeros to its end.
    fs_err::OpenOptions::new().write(true).open(path).unwrap().set_len(1 << 30).unwrap();
    assert!(refused(&bench, "huge.json").contains("1073741824 bytes"));
}

#[test]
fn a_hundred_thousand_brackets_are_no_stack() {
    let bench = Bench::new();
    bench.write("deep.json", "[".repeat(100_000));
    bench.write("deeper.json", r#"{"model":"#.repeat(100_000));
    assert!(refused(&bench, "deep.json").contains("128"));
    assert!(refused(&bench, "deeper.json").contains("128"));
}

#[test]
fn a_folder_of_too_many_files_is_refused() {
    let bench = Bench::new();
    let first = bench.write("many/0.json", "{}");
    for number in 1..10_050 {
        fs_err::hard_link(&first, bench.path().join(format!("many/{number}.json"))).unwrap();
    }
    assert!(refused(&bench, "many").contains("at most 10000 experiments"));
}

#[test]
fn names_cannot_leave_the_results_folder() {
    let bench = Bench::new();
    for (number, name) in
        ["..", "../up", "/etc/passwd", "a\u{0}b", "\u{1b}[2J", "con", "a/b", ""].into_iter().enumerate()
    {
        let config = json!({"name": name, "model_type": "Linear", "dataset_path": "builtin:iris"});
        bench.write(&format!("names/{number}.json"), config.to_string());
    }
    let complaint = refused(&bench, "names");
    assert!(complaint.contains("8 problems in 8 files"), "{complaint}");
    assert!(!complaint.chars().any(|letter| letter.is_control() && letter != '\n'), "{complaint:?}");
}

#[test]
fn sizes_beyond_memory_end_one_experiment_only() {
    let bench = Bench::new();
    bench.iris("a-wide", &json!({"model_type": "MLP", "model": {"hidden": [1_048_576, 1_048_576, 1_048_576]}}));
    bench.iris("b-good", &json!({}));
    let ended = bench.run(&["check", "configs", "--json"]);
    assert_eq!(ended.code, 2, "{}", ended.stdout);
    let answer: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(answer["experiments"][0]["trial"], json!(null));
    assert!(answer["experiments"][1]["trial"].is_object(), "{answer}");
}

#[test]
fn the_worker_goes_before_its_supervisor_when_memory_runs_out() {
    let bench = Bench::new();
    bench.iris("long", &json!({"hyperparams": {"epochs": 1_000_000}}));
    let child = bench.start(&["configs"]);
    let readiness = |pid: i32| {
        let text = fs_err::read_to_string(format!("/proc/{pid}/oom_score_adj"));
        text.unwrap_or_default().trim().to_owned()
    };
    // The first child may be a helper that is gone at once.
    wait_for("a worker that goes first", || {
        let worker = worker_of(&child)?.as_raw_nonzero().get();
        (readiness(worker) == "800").then_some(())
    });
    assert_eq!(readiness(child.id().try_into().unwrap()), readiness(std::process::id().try_into().unwrap()));
    send(&child, Signal::TERM);
    assert_eq!(ended(&child.wait_with_output().unwrap()).code, 143);
}
