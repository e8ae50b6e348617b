//! Finding the newest state that can be trusted, whatever happened to the files.

use std::os::unix::fs::symlink;

use rustix::fs::{CWD, FileType, Mode};
use steadfast_state::{Damage, StateError};

use crate::support::{RUN, Results, flip, run_with_steps, snapshot, tree};

#[test]
fn a_damaged_checkpoint_is_kept_aside_and_the_one_before_is_used() {
    let results = Results::new();
    drop(run_with_steps(&results, &[10, 20]));
    flip(&results.checkpoint(20), 3456);
    let damaged = fs_err::read(results.checkpoint(20)).unwrap();
    let mut run = results.open();
    let recovery = run.latest().unwrap();
    assert_eq!(recovery.snapshot, Some(snapshot(10)));
    let [skipped] = recovery.skipped.as_slice() else { panic!("{:?}", recovery.skipped) };
    assert!(matches!(skipped.reason, Damage::Checksum { .. }), "{skipped}");
    assert_eq!(skipped.kept_as.as_deref(), Some(".bad-step-000000000020.safetensors"));
    let kept = fs_err::read(results.run().join("checkpoints/.bad-step-000000000020.safetensors")).unwrap();
    assert_eq!(kept, damaged);
    // The way is free to come to step 20 once more.
    assert!(run.save(&snapshot(20)).unwrap().written);
    drop(run);
    assert_eq!(results.open().latest().unwrap().snapshot, Some(snapshot(20)));
}

#[test]
fn every_length_of_a_cut_off_file_is_detected() {
    let results = Results::new();
    drop(run_with_steps(&results, &[1, 2]));
    let whole = fs_err::read(results.checkpoint(2)).unwrap();
    for length in 0..whole.len() {
        fs_err::write(results.checkpoint(2), &whole[..length]).unwrap();
        let recovery = results.manager().peek(RUN).unwrap();
        assert_eq!(recovery.snapshot.map(|snapshot| snapshot.step), Some(1), "{length} bytes");
    }
    fs_err::write(results.checkpoint(2), &whole).unwrap();
    assert_eq!(results.manager().peek(RUN).unwrap().snapshot, Some(snapshot(2)));
}

#[test]
fn every_flipped_bit_is_detected() {
    let results = Results::new();
    drop(run_with_steps(&results, &[1, 2]));
    let bits = fs_err::metadata(results.checkpoint(2)).unwrap().len() * 8;
    for bit in 0..usize::try_from(bits).unwrap() {
        flip(&results.checkpoint(2), bit);
        let recovery = results.manager().peek(RUN).unwrap();
        assert_eq!(recovery.snapshot.map(|snapshot| snapshot.step), Some(1), "bit {bit}");
        flip(&results.checkpoint(2), bit);
    }
    assert_eq!(results.manager().peek(RUN).unwrap().snapshot, Some(snapshot(2)));
}

#[test]
fn nothing_is_touched_when_every_checkpoint_is_damaged() {
    let results = Results::new();
    drop(run_with_steps(&results, &[1, 2, 3]));
    for step in 1..=3 {
        flip(&results.checkpoint(step), 777);
    }
    let before = tree(&results.run().join("checkpoints"));
    // Twice, because a first recovery must not make a second one start from nothing.
    for _ in 0..2 {
        let mut run = results.open();
        let error = run.latest().unwrap_err();
        let StateError::NoValidCheckpoint { skipped, .. } = &error else { panic!("{error}") };
        let files: Vec<&str> = skipped.iter().map(|skipped| skipped.file.as_str()).collect();
        let newest_first =
            ["step-000000000003.safetensors", "step-000000000002.safetensors", "step-000000000001.safetensors"];
        assert_eq!(files, newest_first);
        assert!(matches!(run.append_metrics(steadfast_state::MetricsRow::new()), Err(StateError::NotRecovered { .. })));
    }
    assert_eq!(tree(&results.run().join("checkpoints")), before);
}

/// Should the valid ones be removed by hand, the damaged ones still say that this is no fresh run.
#[test]
fn a_folder_with_nothing_but_kept_aside_files_is_not_fresh() {
    let results = Results::new();
    drop(run_with_steps(&results, &[1, 2]));
    flip(&results.checkpoint(2), 777);
    results.open().latest().unwrap();
    fs_err::remove_file(results.checkpoint(1)).unwrap();
    let mut run = results.open();
    let error = run.latest().unwrap_err();
    assert!(matches!(error, StateError::NoValidCheckpoint { .. }), "{error}");
    // Whoever goes on all the same is stopped.
    assert!(matches!(run.append_metrics(steadfast_state::MetricsRow::new()), Err(StateError::NotRecovered { .. })));
}

#[test]
fn a_checkpoint_under_the_name_of_another_step_is_not_believed() {
    let results = Results::new();
    drop(run_with_steps(&results, &[1, 2]));
    fs_err::copy(results.checkpoint(1), results.checkpoint(2)).unwrap();
    fs_err::copy(results.checkpoint(1), results.checkpoint(3)).unwrap();
    let recovery = results.open().latest().unwrap();
    assert_eq!(recovery.snapshot, Some(snapshot(1)));
    assert!(matches!(recovery.skipped[0].reason, Damage::Step { named: 3, held: 1 }));
    assert!(matches!(recovery.skipped[1].reason, Damage::Step { named: 2, held: 1 }));
}

#[test]
fn empty_and_zeroed_files_are_passed_over() {
    let results = Results::new();
    drop(run_with_steps(&results, &[1]));
    fs_err::write(results.checkpoint(2), b"").unwrap();
    fs_err::write(results.checkpoint(3), vec![0; 8192]).unwrap();
    let recovery = results.open().latest().unwrap();
    assert_eq!(recovery.snapshot, Some(snapshot(1)));
    assert_eq!(recovery.skipped.len(), 2);
}

#[test]
fn links_pipes_sockets_and_folders_are_refused_without_waiting() {
    let results = Results::new();
    drop(run_with_steps(&results, &[1]));
    let outside = results.root().join("outside.safetensors");
    fs_err::copy(results.checkpoint(1), &outside).unwrap();
    symlink(&outside, results.checkpoint(2)).unwrap();
    rustix::fs::mknodat(CWD, results.checkpoint(3), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(results.checkpoint(4)).unwrap();
    fs_err::create_dir(results.checkpoint(5)).unwrap();
    symlink("/dev/zero", results.checkpoint(6)).unwrap();
    let recovery = results.open().latest().unwrap();
    assert_eq!(recovery.snapshot, Some(snapshot(1)));
    let reasons: Vec<String> = recovery.skipped.iter().map(|skipped| skipped.reason.to_string()).collect();
    let expected = ["a symbolic link", "a folder", "a socket", "a named pipe", "a symbolic link"];
    assert_eq!(reasons, expected.map(|kind| format!("not a regular file but {kind}")));
    assert!(recovery.skipped.iter().all(|skipped| skipped.kept_as.is_some()));
    assert!(outside.exists());
}

#[test]
fn files_of_others_are_none_of_our_business() {
    let results = Results::new();
    drop(run_with_steps(&results, &[1]));
    let checkpoints = results.run().join("checkpoints");
    for name in ["step-9.safetensors", "step-000000000009.safetensors.tmp", "notes.txt", "latest"] {
        fs_err::write(checkpoints.join(name), b"x").unwrap();
    }
    let before = tree(&checkpoints);
    let recovery = results.open().latest().unwrap();
    assert_eq!(recovery.snapshot, Some(snapshot(1)));
    assert!(recovery.skipped.is_empty());
    assert_eq!(tree(&checkpoints), before);
}

/// Written once by format 1 and read by every later version.
#[test]
fn old_checkpoints_stay_readable() {
    let results = Results::new();
    drop(results.open());
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/format-1/step-000000000006.safetensors");
    fs_err::copy(fixture, results.checkpoint(6)).unwrap();
    let mut run = results.open();
    assert_eq!(run.latest().unwrap().snapshot, Some(snapshot(6)));
    assert_eq!(run.metrics(), b"{\"step\":6}\n");
}

#[test]
fn a_later_format_is_refused_and_not_called_damage() {
    let results = Results::new();
    drop(run_with_steps(&results, &[1, 2]));
    let bytes = fs_err::read(results.checkpoint(2)).unwrap();
    let place = bytes.windows(12).position(|window| window == br#"\"format\":1"#).unwrap();
    let mut newer = bytes[..bytes.len() - 16].to_vec();
    newer[place + 11] = b'2';
    newer.extend(xxhash_rust::xxh3::xxh3_128(&newer).to_be_bytes());
    fs_err::write(results.checkpoint(2), newer).unwrap();
    let before = tree(&results.run().join("checkpoints"));
    let error = results.open().latest().unwrap_err();
    assert!(matches!(error, StateError::NewerFormat { found: 2, supported: 1, .. }), "{error}");
    assert_eq!(tree(&results.run().join("checkpoints")), before);
}

/// A file that does not fit into memory may be a good one of a larger machine: no fall back behind it, no new name.
#[test]
fn a_file_larger_than_memory_is_refused_and_not_condemned() {
    let results = Results::new();
    drop(run_with_steps(&results, &[1]));
    fs_err::File::create(results.checkpoint(2)).unwrap().set_len(1 << 43).unwrap();
    let error = results.open().latest().unwrap_err();
    assert!(matches!(error, StateError::TooLarge { .. }), "{error}");
    assert_eq!(results.checkpoints(), ["step-000000000001.safetensors", "step-000000000002.safetensors"]);
}

#[test]
fn looking_without_the_lock_changes_nothing() {
    let results = Results::new();
    let run = run_with_steps(&results, &[1, 2]);
    flip(&results.checkpoint(2), 777);
    let before = tree(&results.run());
    let recovery = results.manager().peek(RUN).unwrap();
    assert_eq!(recovery.snapshot, Some(snapshot(1)));
    assert_eq!(recovery.skipped.len(), 1);
    assert_eq!(tree(&results.run()), before);
    drop(run);
    assert_eq!(results.manager().peek("nobody").unwrap().snapshot, None);
}

/// A copied or renamed folder goes on: nothing inside names its place.
#[test]
fn a_run_can_be_moved() {
    let results = Results::new();
    drop(run_with_steps(&results, &[1, 2]));
    fs_err::rename(results.run(), results.root().join("moved")).unwrap();
    let mut run = results.manager().open("moved").unwrap();
    assert_eq!(run.latest().unwrap().snapshot, Some(snapshot(2)));
    assert!(run.save(&snapshot(3)).unwrap().written);
}
