//! `metrics.jsonl` holds exactly the rows of the state that the run goes on from.

use std::io::Write;
use std::os::unix::fs::symlink;

use proptest::prelude::*;
use steadfast_state::{MetricsRow, Rewind, RunFolder};

use crate::support::{RUN, Results, names, snapshot};

fn row(step: u64) -> MetricsRow {
    MetricsRow::new().with("step", step).with("train_loss", 1.0 / (step as f64 + 3.0))
}

fn file(results: &Results) -> std::path::PathBuf {
    results.run().join("metrics.jsonl")
}

fn content(results: &Results) -> String {
    fs_err::read_to_string(file(results)).unwrap()
}

/// A run with rows 1 to 3 saved and row 4 written but not saved; returns the saved rows.
fn interrupted(results: &Results) -> String {
    let mut run = results.open();
    for step in 1..=3 {
        run.append_metrics(row(step)).unwrap();
    }
    run.save(&snapshot(3)).unwrap();
    let saved = content(results);
    run.append_metrics(row(4)).unwrap();
    saved
}

fn recovered(results: &Results) -> RunFolder {
    let mut run = results.open();
    run.latest().unwrap();
    run
}

#[test]
fn rows_are_there_as_soon_as_they_are_appended() {
    let results = Results::new();
    let mut run = results.open();
    run.append_metrics(MetricsRow::new().with("epoch", 1_u64).with("loss", 0.5).with("acc", f64::NAN)).unwrap();
    assert_eq!(content(&results), "{\"epoch\":1,\"loss\":0.5,\"acc\":\"NaN\"}\n");
    assert_eq!(run.metrics(), content(&results).as_bytes());
    let rows = results.manager().metrics(RUN).unwrap();
    assert_eq!(rows[0]["loss"], 0.5);
}

#[test]
fn rows_behind_the_checkpoint_are_cut_off() {
    let results = Results::new();
    let saved = interrupted(&results);
    let cut = content(&results).len() - saved.len();
    let mut run = recovered(&results);
    assert_eq!(run.rewind_metrics().unwrap(), Rewind::CutBack { bytes: cut as u64 });
    assert_eq!(content(&results), saved);
    assert_eq!(run.rewind_metrics().unwrap(), Rewind::Unchanged);
    run.append_metrics(row(4)).unwrap();
    assert_eq!(content(&results), format!("{saved}{}", row(4).to_json_line()));
}

#[test]
fn the_first_row_rewinds_by_itself() {
    let results = Results::new();
    let saved = interrupted(&results);
    recovered(&results).append_metrics(row(4)).unwrap();
    assert_eq!(content(&results), format!("{saved}{}", row(4).to_json_line()));
}

#[test]
fn a_refused_resume_leaves_the_rows_alone() {
    let results = Results::new();
    interrupted(&results);
    let before = content(&results);
    drop(recovered(&results));
    assert_eq!(content(&results), before);
}

#[test]
fn without_a_checkpoint_the_rows_start_again() {
    let results = Results::new();
    results.open().append_metrics(row(1)).unwrap();
    let mut run = recovered(&results);
    run.append_metrics(row(7)).unwrap();
    assert_eq!(content(&results), row(7).to_json_line());
}

#[test]
fn a_missing_or_shortened_file_is_rebuilt() {
    let results = Results::new();
    let saved = interrupted(&results);
    fs_err::write(file(&results), &saved[..10]).unwrap();
    assert_eq!(recovered(&results).rewind_metrics().unwrap(), Rewind::Rebuilt { kept_as: None });
    assert_eq!(content(&results), saved);
    fs_err::remove_file(file(&results)).unwrap();
    assert_eq!(recovered(&results).rewind_metrics().unwrap(), Rewind::Rebuilt { kept_as: None });
    assert_eq!(content(&results), saved);
}

#[test]
fn an_edited_file_is_kept_and_rebuilt() {
    let results = Results::new();
    let saved = interrupted(&results);
    for number in 1..=2 {
        let edited = content(&results).replacen("train_loss", "train_boss", 1);
        fs_err::write(file(&results), &edited).unwrap();
        let aside = format!("metrics.jsonl.edited-{number}");
        let rewind = recovered(&results).rewind_metrics().unwrap();
        assert_eq!(rewind, Rewind::Rebuilt { kept_as: Some(aside.clone()) });
        assert_eq!(content(&results), saved);
        assert_eq!(fs_err::read_to_string(results.run().join(aside)).unwrap(), edited);
    }
}

#[test]
fn a_link_in_its_place_is_not_followed() {
    let results = Results::new();
    let saved = interrupted(&results);
    let outside = results.root().join("outside");
    fs_err::write(&outside, "precious").unwrap();
    fs_err::remove_file(file(&results)).unwrap();
    symlink(&outside, file(&results)).unwrap();
    recovered(&results).append_metrics(row(4)).unwrap();
    assert_eq!(content(&results), format!("{saved}{}", row(4).to_json_line()));
    assert_eq!(fs_err::read_to_string(outside).unwrap(), "precious");
}

#[test]
fn falling_back_a_generation_takes_the_rows_back_too() {
    let results = Results::new();
    let mut run = results.open();
    run.append_metrics(row(1)).unwrap();
    run.save(&snapshot(1)).unwrap();
    let first = content(&results);
    run.append_metrics(row(2)).unwrap();
    run.save(&snapshot(2)).unwrap();
    drop(run);
    crate::support::flip(&results.checkpoint(2), 999);
    let mut run = recovered(&results);
    run.rewind_metrics().unwrap();
    assert_eq!(content(&results), first);
}

#[test]
fn a_line_that_is_still_being_written_is_not_shown() {
    let results = Results::new();
    interrupted(&results);
    fs_err::OpenOptions::new().append(true).open(file(&results)).unwrap().write_all(b"{\"step\":").unwrap();
    assert_eq!(results.manager().metrics(RUN).unwrap().len(), 4);
    assert!(results.manager().metrics("nobody").unwrap().is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Killed anywhere, any number of times, with any save interval: the rows are those of a run that was never killed.
    #[test]
    fn interruptions_leave_no_trace(every in 1_u64..5, kills in prop::collection::vec(1_u64..6, 0..5)) {
        let last = 12;
        let play = |results: &Results, until: u64| {
            let mut run = results.open();
            let start = run.latest().unwrap().snapshot.map_or(0, |snapshot| snapshot.step);
            for step in start + 1..=until.min(last) {
                run.append_metrics(row(step)).unwrap();
                if step % every == 0 || step == last {
                    run.save(&snapshot(step)).unwrap();
                }
            }
            start
        };
        let (whole, broken) = (Results::new(), Results::new());
        play(&whole, last);
        let mut reached = 0;
        for steps in kills {
            reached = play(&broken, reached + steps);
        }
        play(&broken, last);
        prop_assert_eq!(content(&broken), content(&whole));
        prop_assert_eq!(fs_err::read(broken.checkpoint(last)).unwrap(), fs_err::read(whole.checkpoint(last)).unwrap());
        let expected = [".lock", "checkpoints", "metrics.jsonl"];
        prop_assert_eq!(names(&broken.run()), expected);
    }
}
