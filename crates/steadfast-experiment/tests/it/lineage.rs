//! Forks, other builds, other machines: what is written down about where a state comes from.

use serde_json::{Value, json};
use steadfast_experiment::{Event, MadeBy, TrainError};

use crate::toy::{Bench, StopAfter};

fn result(bench: &Bench) -> Value {
    serde_json::from_slice(bench.files().get("result.json").unwrap()).unwrap()
}

fn made_by(build: &str) -> MadeBy {
    MadeBy { build: build.to_owned(), machine: "m".to_owned() }
}

/// A bench with a parent of two epochs and two steps, and a child that asks for another learning rate.
fn fork() -> Bench {
    let mut bench = Bench::new();
    bench.start(&StopAfter::new(14)).unwrap();
    "child".clone_into(&mut bench.plan.name);
    bench.plan.resolved["name"] = "child".into();
    bench.plan.resolved["hyperparams"]["lr"] = 0.2.into();
    bench.parent = Some("toy");
    bench
}

#[test]
fn a_fork_goes_on_from_its_parent_and_says_so() {
    let mut bench = fork();
    bench.finish();
    let child = result(&bench);
    let ancestor = json!({
        "name": "toy", "epoch": 2, "step": 12, "changes": ["`hyperparams.lr` was 0.1, now it is 0.2"],
    });
    assert_eq!(child["lineage"], json!([ancestor]));
    // The epoch that was under way is trained anew, so two steps are counted twice.
    assert_eq!((&child["status"], &child["epochs"], &child["steps"]), (&"completed".into(), &4.into(), &22.into()));
    let metrics = String::from_utf8(bench.files().get("metrics.jsonl").unwrap().to_vec()).unwrap();
    assert_eq!(metrics.lines().count(), 4, "the parent's rows come along:\n{metrics}");

    let parent = fs_err::read(bench.results().join("toy/result.json")).unwrap();
    let parent: Value = serde_json::from_slice(&parent).unwrap();
    assert_eq!(parent["status"], "interrupted", "the parent is only read");
}

#[test]
fn a_fork_interrupted_anywhere_ends_with_the_same_bytes() {
    let whole = {
        let mut bench = fork();
        bench.finish();
        bench.files()
    };
    for questions in 1..12 {
        let mut bench = fork();
        bench.start(&StopAfter::new(questions)).unwrap();
        // The same command again: the parent is named still, but not used.
        bench.finish();
        assert_eq!(bench.files().differing(&whole), [""; 0], "{questions}");
    }
}

#[test]
fn a_fork_without_anything_to_train_is_refused() {
    let mut bench = fork();
    bench.plan.settings.epochs = 2;
    let error = bench.start(&StopAfter::never()).unwrap_err();
    let TrainError::Refused { reason } = error else { panic!("{error}") };
    assert_eq!(reason, "the fork asks for 2 epochs, but `toy` has trained 2 already");
}

#[test]
fn a_fork_onto_another_run_is_refused() {
    let mut bench = fork();
    bench.parent = None;
    bench.finish();
    let before = bench.files();
    bench.parent = Some("toy");
    let error = bench.start(&StopAfter::never()).unwrap_err();
    let TrainError::Refused { reason } = error else { panic!("{error}") };
    assert_eq!(reason, "`child` exists already, and is no fork of `toy`");
    assert_eq!(bench.files(), before);
}

#[test]
fn a_fork_of_nothing_is_refused() {
    let mut bench = fork();
    bench.parent = Some("nobody");
    let error = bench.start(&StopAfter::never()).unwrap_err();
    assert!(error.to_string().contains("no checkpoint of `nobody`"), "{error}");
}

#[test]
fn figures_of_other_data_do_not_decide_what_is_best() {
    let mut bench = fork();
    bench.toy.data = "other data";
    bench.finish();
    let best = result(&bench)["best"]["epoch"].as_u64();
    assert!(best.is_some_and(|epoch| epoch > 2), "{best:?}");
}

#[test]
fn another_build_continues_says_so_and_leaves_a_mark_for_good() {
    let mut bench = Bench::new();
    bench.made_by = made_by("one");
    bench.start(&StopAfter::new(3)).unwrap();
    assert_eq!(result(&bench).get("byte_identical"), None);
    bench.made_by = made_by("two");
    bench.start(&StopAfter::new(3)).unwrap();
    let told = bench.events.iter().any(|event| matches!(event, Event::NotIdentical { .. }));
    assert!(told, "{:?}", bench.events);
    bench.finish();
    let told = bench.events.iter().any(|event| matches!(event, Event::NotIdentical { .. }));
    assert!(!told, "once is enough: {:?}", bench.events);
    let result = result(&bench);
    assert_eq!(result["byte_identical"], false);
    assert_eq!(result["byte_identical_reason"], "continued after step 3 by another build of the program");
}

#[test]
fn another_build_that_only_looks_at_a_finished_run_changes_nothing() {
    let mut bench = Bench::new();
    bench.made_by = made_by("one");
    bench.finish();
    let before = bench.files();
    bench.made_by = made_by("two");
    bench.finish();
    assert_eq!(bench.files(), before);
}
