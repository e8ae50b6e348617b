//! Saving: what the files are called, what they hold, which ones stay.

use std::os::unix::fs::PermissionsExt;

use serde_json::json;
use steadfast_state::{EncodeError, SaveError, StateError, TensorData};

use crate::child::{Other, many_keys};
use crate::support::{Results, flip, run_with_steps, snapshot};

fn cause(error: SaveError) -> StateError {
    match error {
        SaveError::NotCommitted { source, .. } => *source,
        other => panic!("{other}"),
    }
}

#[test]
fn a_saved_state_comes_back() {
    let results = Results::new();
    let mut run = results.open();
    assert_eq!(run.latest().unwrap().snapshot, None);
    let saved = run.save(&snapshot(12)).unwrap();
    assert_eq!((saved.step, saved.written, saved.removed.len()), (12, true, 0));
    assert_eq!(saved.path, results.checkpoint(12));
    assert_eq!(saved.bytes, fs_err::metadata(&saved.path).unwrap().len());
    drop(run);
    assert_eq!(results.open().latest().unwrap().snapshot, Some(snapshot(12)));
    assert_eq!(results.manager().peek("exp1").unwrap().snapshot, Some(snapshot(12)));
}

#[test]
fn equal_states_give_equal_bytes_in_any_process_and_order() {
    let (here, there) = (Results::new(), Results::new());
    here.open().save(&many_keys(|_| {})).unwrap();
    let mut other = Other::start("shuffled", &there.root());
    assert_eq!(other.next_words().as_deref(), Some("saved"));
    other.finish();
    let bytes = |results: &Results| fs_err::read(results.checkpoint(5)).unwrap();
    assert_eq!(bytes(&here), bytes(&there));
}

#[test]
fn every_file_is_a_plain_safetensors_file() {
    let results = Results::new();
    let mut run = results.open();
    run.append_metrics([("epoch", 1_u64)].into_iter().collect::<steadfast_state::MetricsRow>()).unwrap();
    run.save(&snapshot(3)).unwrap();
    let bytes = fs_err::read(results.checkpoint(3)).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    assert_eq!(file.tensor("~metrics.jsonl").unwrap().data(), b"{\"epoch\":1}\n");
    assert_eq!(file.tensor("model.fc.weight").unwrap().shape(), [2, 3]);
    let (_, metadata) = safetensors::SafeTensors::read_metadata(&bytes).unwrap();
    let metadata = metadata.metadata().clone().unwrap();
    assert_eq!(metadata.keys().collect::<Vec<_>>(), ["steadfast"]);
    let record: serde_json::Value = serde_json::from_str(&metadata["steadfast"]).unwrap();
    let expected = json!({
        "checksum": "~xxh3_128", "format": 1, "metrics": "~metrics.jsonl", "state": {"best": 3.1, "epoch": 0}, "step": 3,
    });
    assert_eq!(record, expected);
}

#[test]
fn the_same_state_is_verified_and_not_written_again() {
    let results = Results::new();
    let mut run = results.open();
    assert!(run.save(&snapshot(4)).unwrap().written);
    let before = fs_err::metadata(results.checkpoint(4)).unwrap().modified().unwrap();
    assert!(!run.save(&snapshot(4)).unwrap().written);
    assert_eq!(results.checkpoints(), ["step-000000000004.safetensors"]);
    assert_eq!(fs_err::metadata(results.checkpoint(4)).unwrap().modified().unwrap(), before);
}

#[test]
fn another_state_of_the_same_step_gets_a_name_of_its_own() {
    let results = Results::new();
    let mut run = results.open();
    run.set_keep(5);
    let mut later = snapshot(4);
    run.save(&later).unwrap();
    for best in [2.5, 3.5] {
        later.state["best"] = json!(best);
        assert!(run.save(&later).unwrap().written);
    }
    assert!(!run.save(&later).unwrap().written);
    let names = ["step-000000000004-2.safetensors", "step-000000000004-3.safetensors", "step-000000000004.safetensors"];
    assert_eq!(results.checkpoints(), names);
    drop(run);
    assert_eq!(results.open().latest().unwrap().snapshot, Some(later));
}

#[test]
fn a_damaged_file_is_not_taken_for_the_same_state() {
    let results = Results::new();
    let mut run = results.open();
    run.save(&snapshot(4)).unwrap();
    flip(&results.checkpoint(4), 999);
    assert!(run.save(&snapshot(4)).unwrap().written);
    drop(run);
    assert_eq!(results.open().latest().unwrap().snapshot, Some(snapshot(4)));
}

#[test]
fn going_back_is_refused() {
    let results = Results::new();
    let mut run = run_with_steps(&results, &[10]);
    let error = cause(run.save(&snapshot(9)).unwrap_err());
    assert!(matches!(error, StateError::StepBehind { step: 9, .. }), "{error}");
    assert_eq!(results.checkpoints(), ["step-000000000010.safetensors"]);
}

#[test]
fn checkpoints_must_be_looked_at_before_writing_behind_them() {
    let results = Results::new();
    drop(run_with_steps(&results, &[10]));
    let mut run = results.open();
    let error = cause(run.save(&snapshot(11)).unwrap_err());
    assert!(matches!(error, StateError::NotRecovered { .. }), "{error}");
    run.latest().unwrap();
    assert!(run.save(&snapshot(11)).unwrap().written);
}

#[test]
fn the_newest_stay_and_never_fewer_than_two() {
    for (keep, left) in [(0, 2), (1, 2), (2, 2), (3, 3), (9, 6)] {
        let results = Results::new();
        let mut run = results.open();
        run.set_keep(keep);
        let removed: usize = (1..=6).map(|step| run.save(&snapshot(step)).unwrap().removed.len()).sum();
        let expected: Vec<String> = (7 - left..=6).map(|step| format!("step-{step:012}.safetensors")).collect();
        assert_eq!(results.checkpoints(), expected, "keep {keep}");
        assert_eq!(removed as u64, 6 - left);
    }
}

/// A checkpoint that went bad since it was written does not count among those that are kept.
#[test]
fn only_valid_checkpoints_count_as_kept() {
    let results = Results::new();
    drop(run_with_steps(&results, &[1, 2, 3]));
    flip(&results.checkpoint(2), 1234);
    let mut run = results.open();
    run.set_keep(3);
    assert_eq!(run.latest().unwrap().snapshot, Some(snapshot(3)));
    run.save(&snapshot(4)).unwrap();
    let names = [
        ".bad-step-000000000002.safetensors",
        "step-000000000001.safetensors",
        "step-000000000003.safetensors",
        "step-000000000004.safetensors",
    ];
    assert_eq!(results.checkpoints(), names);
}

#[test]
fn what_could_not_be_read_back_is_not_written() {
    let results = Results::new();
    let mut run = run_with_steps(&results, &[1]);
    let mut unnamed = snapshot(2);
    unnamed.tensors.insert("~mine".to_owned(), TensorData::from_f32(vec![], &[1.0]).unwrap());
    let mut deep = snapshot(2);
    deep.state = (0..200).fold(json!(1), |inner, _| json!({ "in": inner }));
    for (state, too_deep) in [(unnamed, false), (deep, true)] {
        let error = cause(run.save(&state).unwrap_err());
        let StateError::Encode { source, .. } = error else { panic!("{error}") };
        assert_eq!(matches!(source, EncodeError::TooDeep { .. }), too_deep, "{source}");
    }
    assert_eq!(results.checkpoints(), ["step-000000000001.safetensors"]);
}

#[test]
fn a_checkpoint_can_be_read_by_whoever_may_read_any_other_file() {
    let results = Results::new();
    let saved = run_with_steps(&results, &[1]).save(&snapshot(2)).unwrap();
    fs_err::write(results.root().join("plain"), b"x").unwrap();
    let mode = |path: &std::path::Path| fs_err::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&saved.path), mode(&results.root().join("plain")));
}

#[test]
fn the_newest_can_be_verified_at_any_time() {
    let results = Results::new();
    let run = run_with_steps(&results, &[1, 2]);
    assert_eq!(run.verify_newest().unwrap(), Some(results.checkpoint(2)));
    flip(&results.checkpoint(2), 3000);
    let error = run.verify_newest().unwrap_err();
    assert!(matches!(error, StateError::Damaged { .. }), "{error}");
}
