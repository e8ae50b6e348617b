//! A run interrupted anywhere ends with the bytes of one that was not.

use std::time::Duration;

use steadfast_experiment::{Event, RunStatus};
use steadfast_testkit::RunFiles;

use crate::toy::{Bench, StopAfter};

/// Starts again and again, each time stopping after `questions` looks at the stop signal, until the run is complete.
fn in_pieces(questions: u64, change: impl Fn(&mut Bench)) -> (RunFiles, u32) {
    let mut bench = Bench::new();
    change(&mut bench);
    for start in 1.. {
        let outcome = bench.start(&StopAfter::new(questions)).unwrap();
        match outcome.result.status {
            RunStatus::Completed => return (bench.files(), start),
            status => assert_eq!(status, RunStatus::Interrupted),
        }
    }
    unreachable!("the loop ends with the run")
}

#[test]
fn stopping_after_every_step_changes_no_byte() {
    let (whole, _) = in_pieces(u64::MAX, |_| ());
    assert!(whole.is_complete());
    // Five steps and one validation an epoch ask the signal six times.
    for questions in 1..=30 {
        let (pieces, starts) = in_pieces(questions, |_| ());
        assert_eq!(pieces.differing(&whole), [""; 0], "stopped after every {questions} questions");
        assert!(questions >= 24 || starts > 1, "{questions} questions, {starts} starts");
    }
}

#[test]
fn when_checkpoints_are_made_changes_no_byte_but_the_config() {
    let (whole, _) = in_pieces(u64::MAX, |_| ());
    for (every_epochs, every_steps, every) in
        [(Some(3), None, None), (None, Some(2), None), (Some(1), Some(1), None), (None, None, Some(Duration::ZERO))]
    {
        let (pieces, _) = in_pieces(7, |bench| {
            let checkpoints = &mut bench.plan.settings.checkpoints;
            (checkpoints.every_epochs, checkpoints.every_steps, checkpoints.every) = (every_epochs, every_steps, every);
        });
        assert_eq!(pieces.differing(&whole), [""; 0], "{every_epochs:?} {every_steps:?} {every:?}");
    }
}

#[test]
fn early_stopping_survives_every_stop() {
    let change = |bench: &mut Bench| {
        bench.toy.best_epoch = 1;
        bench.plan.settings.epochs = 50;
        bench.early_stopping(3);
    };
    let (whole, _) = in_pieces(u64::MAX, change);
    for questions in 1..20 {
        assert_eq!(in_pieces(questions, change).0.differing(&whole), [""; 0], "{questions}");
    }
    let result: serde_json::Value = serde_json::from_slice(whole.get("result.json").unwrap()).unwrap();
    assert_eq!(result["stopped_early"], true);
    assert_eq!((&result["best"]["epoch"], &result["epochs"]), (&2.into(), &5.into()));
}

#[test]
fn a_finished_run_is_not_trained_again_and_its_files_are_made_anew() {
    let mut bench = Bench::new();
    bench.finish();
    let before = bench.files();
    for name in ["result.json", "model_last.safetensors", "model_best.safetensors", "metrics.jsonl"] {
        fs_err::remove_file(bench.run_folder().join(name)).unwrap();
    }
    bench.finish();
    assert_eq!(bench.files().differing(&before), [""; 0]);
    assert!(!bench.events.iter().any(|event| matches!(event, Event::Step { .. })));
}

#[test]
fn more_epochs_continue() {
    let mut long = Bench::new();
    long.plan.settings.epochs = 6;
    long.reconfigure();
    long.finish();

    let mut bench = Bench::new();
    bench.finish();
    bench.plan.settings.epochs = 6;
    bench.reconfigure();
    bench.finish();
    assert_eq!(bench.files().differing(&long.files()), [""; 0]);
    let steps = bench.events.iter().filter(|event| matches!(event, Event::Step { .. })).count();
    assert_eq!(steps, 10, "only the new epochs are trained");
}

#[test]
fn a_checkpoint_that_vanished_costs_only_the_work_since_the_one_before() {
    let mut bench = Bench::new();
    let whole = {
        let mut other = Bench::new();
        other.finish();
        other.files()
    };
    bench.start(&StopAfter::new(15)).unwrap();
    let mut checkpoints: Vec<_> =
        fs_err::read_dir(bench.run_folder().join("checkpoints")).unwrap().map(|entry| entry.unwrap().path()).collect();
    checkpoints.sort();
    assert!(checkpoints.len() >= 2);
    fs_err::write(checkpoints.last().unwrap(), "damaged").unwrap();
    bench.finish();
    assert_eq!(bench.files().differing(&whole), [""; 0]);
}
