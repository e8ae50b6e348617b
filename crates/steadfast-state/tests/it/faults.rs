//! Faults that need more than a user's rights or another program: full disks, devices, failing system calls.
//!
//! Where the means are missing, the test says what was not checked and why.

use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::process::{Command, Stdio};

use steadfast_state::{MetricsRow, SaveError, StateError, StateManager, TensorData};

use crate::child::{Other, command};
use crate::support::{RUN, Results, run_with_steps, snapshot};

/// Says on the harness's output what could not be checked here.
#[expect(clippy::print_stderr, reason = "a check that was not made must not look like one that passed")]
fn not_checked(what: &str, why: &str) {
    eprintln!("not checked here: {what}: {why}");
}

/// A small file system of its own, which only root can have.
struct Disk {
    folder: tempfile::TempDir,
}

impl Disk {
    fn mount(options: &str, what: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", options, "tmpfs"])
            .arg(folder.path())
            .stderr(Stdio::null())
            .status();
        if mounted.is_ok_and(|status| status.success()) {
            Some(Self { folder })
        } else {
            not_checked(what, "mounting a small file system needs root");
            None
        }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.folder.path()).status();
    }
}

fn large(step: u64) -> steadfast_state::Snapshot {
    let mut state = snapshot(step);
    state.tensors.insert("large".to_owned(), TensorData::from_f32(vec![75_000], &vec![step as f32; 75_000]).unwrap());
    state
}

fn cause(error: SaveError) -> StateError {
    match error {
        SaveError::NotCommitted { source, .. } => *source,
        other => panic!("{other}"),
    }
}

#[test]
fn a_full_disk_is_told_in_numbers_and_costs_nothing() {
    let Some(disk) = Disk::mount("size=1m", "a full disk") else { return };
    let mut run = StateManager::new(disk.path().join("results")).open(RUN).unwrap();
    // Two of 300 kB fit, and a third does not: two are kept, and room for one more is needed before one goes.
    run.save(&large(1)).unwrap();
    run.save(&large(2)).unwrap();
    fs_err::write(disk.path().join("hog"), vec![1; 200_000]).unwrap();
    let error = cause(run.save(&large(3)).unwrap_err());
    let StateError::DiskFull { needed, available, .. } = error else { panic!("{error}") };
    assert!(needed > 300_000 && available < 300_000, "{needed} {available}");
    drop(run);
    let checkpoints = disk.path().join("results/exp1/checkpoints");
    let names = ["step-000000000001.safetensors", "step-000000000002.safetensors"];
    assert_eq!(crate::support::names(&checkpoints), names);
    fs_err::remove_file(disk.path().join("hog")).unwrap();
    let mut run = StateManager::new(disk.path().join("results")).open(RUN).unwrap();
    assert_eq!(run.latest().unwrap().snapshot, Some(large(2)));
    run.save(&large(3)).unwrap();
}

#[test]
fn missing_inodes_are_named() {
    let Some(disk) = Disk::mount("size=4m,nr_inodes=12", "missing inodes") else { return };
    let mut run = StateManager::new(disk.path().join("results")).open(RUN).unwrap();
    run.save(&snapshot(1)).unwrap();
    for index in 0.. {
        if fs_err::write(disk.path().join(format!("hog{index}")), b"").is_err() {
            break;
        }
    }
    let error = cause(run.save(&snapshot(2)).unwrap_err());
    assert!(matches!(error, StateError::NoInodes { .. }), "{error}");
    assert_eq!(run.latest().unwrap().snapshot, Some(snapshot(1)));
}

/// A row that finds no room is not lost: it is in the next checkpoint, and the file is repaired.
#[test]
fn a_row_that_finds_no_room_is_kept_for_the_next_save() {
    let Some(disk) = Disk::mount("size=256k", "a row on a full disk") else { return };
    let mut run = StateManager::new(disk.path().join("results")).open(RUN).unwrap();
    run.append_metrics(MetricsRow::new().with("step", 1_u64)).unwrap();
    let hog = disk.path().join("hog");
    let _ = fs_err::write(&hog, vec![1; 1 << 20]);
    let long = MetricsRow::new().with("note", "x".repeat(10_000));
    run.append_metrics(long.clone()).unwrap_err();
    fs_err::remove_file(&hog).unwrap();
    run.save(&snapshot(1)).unwrap();
    let expected = format!("{{\"step\":1}}\n{}", long.to_json_line());
    assert_eq!(fs_err::read_to_string(run.path().join("metrics.jsonl")).unwrap(), expected);
    assert_eq!(run.metrics(), expected.as_bytes());
}

#[test]
fn a_file_system_that_turned_read_only_is_an_error_and_no_loss() {
    let Some(disk) = Disk::mount("size=4m", "a file system that turns read-only") else { return };
    let manager = StateManager::new(disk.path().join("results"));
    let mut run = manager.open(RUN).unwrap();
    run.save(&snapshot(1)).unwrap();
    drop(run);
    let status = Command::new("mount").args(["-o", "remount,ro"]).arg(disk.path()).status().unwrap();
    assert!(status.success());
    let error = manager.open(RUN).unwrap_err();
    assert!(matches!(error, StateError::Io { .. }), "{error}");
    assert_eq!(manager.peek(RUN).unwrap().snapshot, Some(snapshot(1)));
}

#[test]
fn a_device_in_place_of_a_checkpoint_is_not_opened() {
    let results = Results::new();
    drop(run_with_steps(&results, &[1]));
    let device = results.checkpoint(2);
    // 1, 5 is /dev/zero, which never ends.
    let made = Command::new("mknod").arg(&device).args(["c", "1", "5"]).stderr(Stdio::null()).status();
    if !made.is_ok_and(|status| status.success()) {
        return not_checked("a device in place of a checkpoint", "making a device needs root");
    }
    let recovery = results.open().latest().unwrap();
    assert_eq!(recovery.snapshot, Some(snapshot(1)));
    assert_eq!(recovery.skipped[0].reason.to_string(), "not a regular file but a device");
    let aside = results.run().join("checkpoints/.bad-step-000000000002.safetensors");
    assert!(fs_err::symlink_metadata(aside).unwrap().file_type().is_char_device());
}

/// Lets a child go on by one step with a fault planted; returns what it said.
fn save_with_fault(results: &Results, fault: &str) -> Option<String> {
    play_with_fault("save", results, fault)
}

/// Lets a child play a role with a fault planted; returns the first thing it said.
fn play_with_fault(role: &str, results: &Results, fault: &str) -> Option<String> {
    let trace = results.root().with_file_name("trace");
    let inject = format!("inject={fault}");
    let wrapper = ["strace", "-f", "-qq", "-o", trace.to_str().unwrap(), "-e", "signal=none", "-e", &inject];
    let mut other = Other::from_command(&mut command(role, &results.root(), &wrapper));
    let words = other.next_words();
    other.finish();
    words
}

fn strace_is_missing(what: &str) -> bool {
    let works = Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).status();
    let missing = !works.is_ok_and(|status| status.success());
    if missing {
        not_checked(what, "strace is not installed or not allowed");
    }
    missing
}

/// The first, the second, the third ... fsync fails once. Every outcome is one of the three that are promised, what was
/// acknowledged is there afterwards, and nothing from before is lost.
#[test]
fn each_failed_fsync_has_one_of_three_outcomes() {
    if strace_is_missing("failing fsyncs") {
        return;
    }
    let mut outcomes = Vec::new();
    for number in 1..=14 {
        let results = Results::new();
        drop(run_with_steps(&results, &[0]));
        let words = save_with_fault(&results, &format!("fsync:error=EIO:when={number}")).unwrap();
        let found = results.open().latest().unwrap().snapshot.unwrap();
        match words.as_str() {
            "saved 1" | "uncertain" => assert_eq!(found, snapshot(1), "fsync {number}: {words}"),
            _ => assert_eq!(found, snapshot(0), "fsync {number}: {words}"),
        }
        outcomes.push(words);
        if number > 3 && outcomes[outcomes.len() - 3..].iter().all(|words| words == "saved 1") && number > 12 {
            break;
        }
    }
    let said = |beginning: &str| outcomes.iter().filter(|words| words.starts_with(beginning)).count();
    // While opening: three folders. While saving: the row and the file are written anew; then the two folders.
    assert_eq!(said("not opened"), 3, "{outcomes:?}");
    assert_eq!(said("uncertain"), 2, "{outcomes:?}");
    assert_eq!(said("not opened") + said("uncertain") + said("saved 1"), outcomes.len(), "{outcomes:?}");
}

/// A checkpoint of uncertain durability is not taken for the answer when the same state is saved again, does not count
/// among those that are kept, and is not removed either.
#[test]
fn an_uncertain_checkpoint_is_neither_trusted_nor_removed() {
    if strace_is_missing("a save after an uncertain one") {
        return;
    }
    let mut uncertain = 0;
    for number in 1..=14 {
        let results = Results::new();
        drop(run_with_steps(&results, &[0, 1]));
        let fault = format!("fsync:error=EIO:when={number}");
        let words = play_with_fault("save-until-sure", &results, &fault).unwrap();
        if words.starts_with("at last") {
            uncertain += 1;
            assert_eq!(words, "at last true step-000000000002-2.safetensors");
            let names =
                ["step-000000000001.safetensors", "step-000000000002-2.safetensors", "step-000000000002.safetensors"];
            assert_eq!(results.checkpoints(), names);
        }
    }
    assert_eq!(uncertain, 2, "the temporary folder and the checkpoint folder");
}

/// The first save of a process is read back. When the disk cannot give back what it took, nothing is acknowledged, the
/// file is kept aside, and the checkpoint from before is still the newest.
#[test]
fn a_disk_that_does_not_give_back_what_it_took_is_found_out() {
    if strace_is_missing("a disk that does not give back what it took") {
        return;
    }
    let mut found_out = 0;
    let mut saved = 0;
    for number in 1.. {
        let results = Results::new();
        drop(run_with_steps(&results, &[0]));
        match save_with_fault(&results, &format!("read:error=EIO:when={number}")).as_deref() {
            Some("not committed") => {
                found_out += 1;
                assert!(results.checkpoints().contains(&".bad-step-000000000001.safetensors".to_owned()));
                assert_eq!(results.open().latest().unwrap().snapshot, Some(snapshot(0)));
            }
            Some("saved 1") => saved += 1,
            // Other reads belong to the start of the program, to the lock or to the recovery.
            _ => saved = 0,
        }
        if saved == 12 {
            break;
        }
    }
    assert_eq!(found_out, 2, "content and checksum are two reads");
}

/// A disk that keeps failing ends in an error, not in a loop and not in a false promise.
#[test]
fn a_disk_that_keeps_failing_is_given_up() {
    if strace_is_missing("a disk that keeps failing") {
        return;
    }
    for (fault, expected) in [
        ("fsync:error=EIO:when=4+", "not committed"),
        ("fallocate:error=ENOSPC", "not committed"),
        ("renameat2:error=EACCES", "not committed"),
        // Without these two conveniences the save goes another way and still succeeds.
        ("renameat2:error=ENOSYS", "saved 1"),
        ("fallocate:error=EOPNOTSUPP", "saved 1"),
    ] {
        let results = Results::new();
        drop(run_with_steps(&results, &[0]));
        assert_eq!(save_with_fault(&results, fault).as_deref(), Some(expected), "{fault}");
        let found = results.open().latest().unwrap().snapshot.unwrap();
        assert_eq!(found, snapshot(u64::from(expected == "saved 1")), "{fault}");
        let leftovers = results.checkpoints().into_iter().filter(|name| name.starts_with('.')).count();
        assert_eq!(leftovers, 0, "{fault}");
    }
}

/// `kill -9` at every system call of opening, recovering and saving that touches a file.
#[test]
fn killed_at_any_system_call_the_next_start_goes_on() {
    if strace_is_missing("a kill at every system call") {
        return;
    }
    for call in ["openat", "mkdirat", "mkdir", "write", "pwrite64", "fallocate", "ftruncate", "flock", "fsync"]
        .into_iter()
        .chain(["renameat2", "unlinkat", "rmdir", "statfs", "fstatfs"])
    {
        for number in 1.. {
            let results = Results::new();
            drop(run_with_steps(&results, &[0, 1]));
            let words = save_with_fault(&results, &format!("{call}:signal=KILL:when={number}"));
            let recovery = results.open().latest().unwrap();
            let found = recovery.snapshot.unwrap();
            assert!(recovery.skipped.is_empty(), "{call} {number}");
            assert!(found == snapshot(1) || found == snapshot(2), "{call} {number}: step {}", found.step);
            assert!(results.checkpoints().len() >= 2, "{call} {number}");
            if words.as_deref() == Some("saved 2") {
                assert_eq!(found, snapshot(2), "{call} {number}");
                // Whatever is called after that belongs to the end of the process.
                break;
            }
        }
    }
}
