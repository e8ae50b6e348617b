//! One writer per run, told by the kernel and not by a file that somebody left.

use std::time::{Duration, Instant};

use steadfast_state::{RunStatus, StateError};

use crate::child::Other;
use crate::support::{RUN, Results, snapshot};

#[test]
fn a_second_process_is_refused_and_told_who_holds_the_run() {
    let results = Results::new();
    let run = results.open();
    let mut other = Other::start("hold", &results.root());
    let words = other.next_words().unwrap();
    let own = format!("{} is held by process {} on ", results.run().display(), std::process::id());
    assert!(words.starts_with(&own), "{words}");
    other.finish();
    drop(run);
    let mut other = Other::start("hold", &results.root());
    assert_eq!(other.next_words().as_deref(), Some("won"));
    other.finish();
}

#[test]
fn a_second_opener_in_the_same_process_is_refused_too() {
    let results = Results::new();
    let _run = results.open();
    let error = results.manager().open(RUN).unwrap_err();
    assert!(matches!(error, StateError::Held { pid: Some(pid), .. } if pid == std::process::id()), "{error}");
    assert!(results.manager().open("exp2").is_ok());
}

#[test]
fn of_many_that_start_at_once_one_wins() {
    for _ in 0..5 {
        let results = Results::new();
        let mut others: Vec<Other> = (0..6).map(|_| Other::start("hold", &results.root())).collect();
        let words: Vec<String> = others.iter_mut().map(|other| other.next_words().unwrap()).collect();
        assert_eq!(words.iter().filter(|words| *words == "won").count(), 1, "{words:?}");
        others.into_iter().for_each(Other::finish);
    }
}

#[test]
fn a_killed_holder_leaves_no_lock_behind() {
    let results = Results::new();
    let mut other = Other::start("hold", &results.root());
    assert_eq!(other.next_words().as_deref(), Some("won"));
    assert_eq!(results.manager().summary(RUN).unwrap().unwrap().status, RunStatus::Running);
    other.kill();
    assert!(results.run().join(".lock").exists());
    assert_eq!(results.manager().summary(RUN).unwrap().unwrap().status, RunStatus::Interrupted);
    drop(results.open());
}

/// A process number in the file says nothing: only the kernel's lock does.
#[test]
fn what_the_lock_file_says_does_not_lock() {
    let results = Results::new();
    drop(results.open());
    for content in
        [format!("{{\"process\":{{\"pid\":{}}}}}", std::process::id()), String::new(), "\0garbage".repeat(999)]
    {
        fs_err::write(results.run().join(".lock"), content).unwrap();
        drop(results.open());
    }
}

#[test]
fn a_link_in_place_of_the_lock_file_is_not_followed() {
    let results = Results::new();
    drop(results.open());
    let outside = results.root().join("outside");
    fs_err::write(&outside, "precious").unwrap();
    fs_err::remove_file(results.run().join(".lock")).unwrap();
    std::os::unix::fs::symlink(&outside, results.run().join(".lock")).unwrap();
    let error = results.manager().open(RUN).unwrap_err();
    assert!(matches!(error, StateError::Damaged { .. }), "{error}");
    assert_eq!(fs_err::read_to_string(outside).unwrap(), "precious");
}

/// A worker whose supervisor was killed is about to end: the next runner waits for its last save instead of giving up.
#[test]
fn an_orphan_is_given_time_to_finish() {
    let results = Results::new();
    let supervisor = std::process::Command::new("sleep").arg("600").spawn().unwrap();
    let mut worker = Other::start_worker("hold", &results.root(), supervisor.id());
    assert_eq!(worker.next_words().as_deref(), Some("won"));

    // As long as the supervisor lives, the refusal comes at once.
    let manager = results.manager().with_orphan_grace(Duration::from_mins(10));
    assert!(matches!(manager.open(RUN), Err(StateError::Held { .. })));

    let mut supervisor = supervisor;
    supervisor.kill().unwrap();
    supervisor.wait().unwrap();
    // Without grace the refusal still comes; with grace the lock comes as soon as the worker ends.
    let hasty = results.manager().with_orphan_grace(Duration::ZERO);
    assert!(matches!(hasty.open(RUN), Err(StateError::Held { pid: Some(pid), .. }) if pid == worker.pid()));
    let waiting = std::thread::spawn(move || manager.open(RUN).map(drop));
    std::thread::sleep(Duration::from_millis(300));
    assert!(!waiting.is_finished());
    worker.finish();
    waiting.join().unwrap().unwrap();
}

/// Readers that look at a run again and again never make a start fail.
#[test]
fn looking_at_a_run_does_not_disturb_its_start() {
    let results = Results::new();
    results.open().save(&snapshot(1)).unwrap();
    let end = Instant::now() + Duration::from_millis(500);
    let manager = results.manager();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while Instant::now() < end {
                    manager.summary(RUN).unwrap().unwrap();
                }
            });
        }
        while Instant::now() < end {
            drop(results.open());
        }
    });
}

/// A program that another thread is just starting has a copy of every handle until it has become itself; the lock is let
/// go all the same.
#[test]
fn a_program_being_started_does_not_keep_the_lock() {
    let results = Results::new();
    let manager = results.manager();
    let end = Instant::now() + Duration::from_millis(400);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while Instant::now() < end {
                std::process::Command::new("true").status().unwrap();
            }
        });
        while Instant::now() < end {
            drop(results.open());
            assert_eq!(manager.summary(RUN).unwrap().unwrap().status, RunStatus::Interrupted);
        }
    });
}

/// What a process has acknowledged before it was killed is there for the next one.
#[test]
fn nothing_acknowledged_is_lost_by_a_kill() {
    let results = Results::new();
    let mut acknowledged = 0;
    for round in 0..12_u64 {
        let mut other = Other::start("save-forever", &results.root());
        for _ in 0..=round {
            acknowledged = other.next_words().unwrap().parse().unwrap();
        }
        std::thread::sleep(Duration::from_micros(round * 700));
        other.kill();
        let recovery = results.open().latest().unwrap();
        let found = recovery.snapshot.unwrap();
        assert!(found.step >= acknowledged, "{} < {acknowledged}", found.step);
        assert_eq!(found, snapshot(found.step));
        assert!(recovery.skipped.is_empty());
        let leftovers = results.checkpoints().into_iter().filter(|name| name.starts_with('.')).count();
        assert_eq!(leftovers, 0);
    }
}
