//! Run folders: their names, their documents and models, how they are listed and set aside.

use std::os::unix::fs::symlink;
use std::time::Duration;

use serde_json::json;
use steadfast_state::{Document, ModelFile, RunStatus, SaveError, StateError, read_model};

use crate::support::{RUN, Results, names, run_with_steps, snapshot, tree};

#[test]
fn names_that_could_lead_elsewhere_are_refused_everywhere() {
    let results = Results::new();
    let manager = results.manager();
    for name in ["", "..", "../x", "/etc", "a/b", "a\0b", ".hidden", "x\u{1b}[2J"] {
        assert!(matches!(manager.open(name), Err(StateError::Name { .. })), "{name:?}");
        assert!(matches!(manager.set_aside(name), Err(StateError::Name { .. })), "{name:?}");
        assert!(matches!(manager.summary(name), Err(StateError::Name { .. })), "{name:?}");
        assert!(matches!(manager.peek(name), Err(StateError::Name { .. })), "{name:?}");
    }
    assert!(!results.root().exists());
}

#[test]
fn a_run_folder_that_is_a_link_is_refused() {
    let results = Results::new();
    let elsewhere = tempfile::tempdir().unwrap();
    drop(run_with_steps(&results, &[1]));
    symlink(elsewhere.path(), results.root().join("linked")).unwrap();
    let manager = results.manager();
    let error = manager.open("linked").unwrap_err();
    assert!(matches!(error, StateError::NotAFolder { found: "a symbolic link", .. }), "{error}");
    assert!(matches!(manager.set_aside("linked"), Err(StateError::NotAFolder { .. })));
    assert!(matches!(manager.summary("linked"), Err(StateError::NotAFolder { .. })));
    assert_eq!(manager.runs().unwrap(), [RUN]);
    fs_err::write(results.root().join("file"), b"x").unwrap();
    assert!(matches!(manager.open("file"), Err(StateError::NotAFolder { found: "a regular file", .. })));
    assert!(names(elsewhere.path()).is_empty());
}

#[test]
fn a_checkpoint_folder_that_is_a_link_is_refused() {
    let results = Results::new();
    let elsewhere = tempfile::tempdir().unwrap();
    fs_err::create_dir_all(results.run()).unwrap();
    symlink(elsewhere.path(), results.run().join("checkpoints")).unwrap();
    assert!(matches!(results.manager().open(RUN), Err(StateError::NotAFolder { .. })));
    assert!(names(elsewhere.path()).is_empty());
}

/// The folder is swapped for a link while the run works in it: the link's target stays untouched.
#[test]
fn a_folder_swapped_for_a_link_is_noticed_and_not_followed() {
    let results = Results::new();
    let elsewhere = tempfile::tempdir().unwrap();
    let mut run = run_with_steps(&results, &[1]);
    fs_err::rename(results.run(), results.root().join("away")).unwrap();
    symlink(elsewhere.path(), results.run()).unwrap();
    let error = run.save(&snapshot(2)).unwrap_err();
    let SaveError::NotCommitted { source, .. } = error else { panic!("{error}") };
    assert!(matches!(*source, StateError::Moved { .. }), "{source}");
    assert!(matches!(run.write_document(Document::Result, b"{}"), Err(StateError::Moved { .. })));
    // Rows go to the folder that was opened.
    run.append_metrics(steadfast_state::MetricsRow::new().with("step", 2_u64)).unwrap();
    assert_eq!(fs_err::read_to_string(results.root().join("away/metrics.jsonl")).unwrap(), "{\"step\":2}\n");
    assert!(names(elsewhere.path()).is_empty());
}

#[test]
fn leftovers_of_a_killed_save_are_removed_at_the_next_start() {
    let results = Results::new();
    drop(run_with_steps(&results, &[1]));
    for folder in [results.run(), results.run().join("checkpoints")] {
        for index in 0..20 {
            let staging = folder.join(format!(".atomicwrite{index:06}"));
            fs_err::create_dir(&staging).unwrap();
            fs_err::write(staging.join("tmpfile.tmp"), b"half").unwrap();
        }
        fs_err::write(folder.join(".trash-1-step-000000000000.safetensors"), b"old").unwrap();
    }
    let mut run = results.open();
    assert_eq!(results.checkpoints(), ["step-000000000001.safetensors"]);
    assert_eq!(names(&results.run()), [".lock", "checkpoints", "metrics.jsonl"]);
    assert_eq!(run.latest().unwrap().snapshot, Some(snapshot(1)));
}

#[test]
fn documents_are_replaced_as_a_whole() {
    let results = Results::new();
    let run = results.open();
    assert_eq!(run.read_document(Document::Config).unwrap(), None);
    let all = [Document::Config, Document::Result, Document::Timing, Document::Environment];
    for document in all {
        run.write_document(document, b"first, and rather long").unwrap();
        run.write_document(document, b"second").unwrap();
        assert_eq!(run.read_document(document).unwrap().as_deref(), Some(b"second".as_slice()));
        assert_eq!(results.manager().document(RUN, document).unwrap().as_deref(), Some(b"second".as_slice()));
    }
    let mut expected = vec![".lock", "checkpoints"];
    expected.extend(all.map(Document::file_name));
    expected.sort_unstable();
    assert_eq!(names(&results.run()), expected);
}

#[test]
fn a_document_in_the_shape_of_a_link_is_replaced_and_not_followed() {
    let results = Results::new();
    let run = results.open();
    let outside = results.root().join("outside");
    fs_err::write(&outside, "precious").unwrap();
    symlink(&outside, results.run().join("result.json")).unwrap();
    assert!(matches!(run.read_document(Document::Result), Err(StateError::Damaged { .. })));
    run.write_document(Document::Result, b"{}").unwrap();
    assert_eq!(run.read_document(Document::Result).unwrap().as_deref(), Some(b"{}".as_slice()));
    assert_eq!(fs_err::read_to_string(outside).unwrap(), "precious");
}

#[test]
fn models_are_written_for_everybody() {
    let results = Results::new();
    let run = results.open();
    let tensors = snapshot(3).tensors;
    let best = run.export_model(ModelFile::Best, &tensors).unwrap();
    let last = run.export_model(ModelFile::Last, &tensors).unwrap();
    assert_eq!(best.sha256, last.sha256);
    assert_eq!(results.manager().model(RUN, ModelFile::Best).unwrap(), tensors);
    assert_eq!(read_model(&results.run().join("model_last.safetensors")).unwrap(), tensors);
    fs_err::write(results.run().join("model_last.safetensors"), b"damaged").unwrap();
    assert!(matches!(results.manager().model(RUN, ModelFile::Last), Err(StateError::Damaged { .. })));
    assert!(run.export_model(ModelFile::Last, &tensors).unwrap().written);
    assert!(matches!(results.manager().model("nobody", ModelFile::Last), Err(StateError::Io { .. })));
}

#[test]
fn a_run_is_set_aside_whole_and_never_deleted() {
    let results = Results::new();
    let manager = results.manager();
    assert_eq!(manager.set_aside(RUN).unwrap(), None);
    for number in 1..=3 {
        drop(run_with_steps(&results, &[number]));
        let before = tree(&results.run());
        let aside = manager.set_aside(RUN).unwrap().unwrap();
        assert_eq!(aside, results.root().join(format!("exp1.old-{number}")));
        let after: Vec<_> = tree(&aside).into_iter().filter(|(name, _)| name != ".lock").collect();
        assert_eq!(after, before.into_iter().filter(|(name, _)| name != ".lock").collect::<Vec<_>>());
    }
    assert!(!results.run().exists());
    assert_eq!(manager.runs().unwrap(), ["exp1.old-1", "exp1.old-2", "exp1.old-3"]);
    assert_eq!(manager.peek("exp1.old-2").unwrap().snapshot, Some(snapshot(2)));
}

#[test]
fn a_run_in_use_is_not_set_aside() {
    let results = Results::new();
    let run = run_with_steps(&results, &[1]);
    assert!(matches!(results.manager().set_aside(RUN), Err(StateError::Held { .. })));
    assert!(results.run().exists());
    drop(run);
    assert!(results.manager().set_aside(RUN).unwrap().is_some());
}

/// Whoever waits for the lock while the run is set aside gets the new folder, not the old one.
#[test]
fn a_waiting_opener_does_not_get_the_folder_that_was_set_aside() {
    let results = Results::new();
    for _ in 0..20 {
        drop(results.open());
        std::thread::scope(|scope| {
            let opener = scope.spawn(|| results.manager().open(RUN));
            scope.spawn(|| results.manager().set_aside(RUN));
            if let Ok(run) = opener.join().unwrap() {
                // Whichever came first: the folder is in its place, or it was moved after it was let go.
                std::thread::sleep(Duration::from_millis(1));
                run.write_document(Document::Config, b"{}").unwrap();
                assert!(results.run().join("config.json").exists());
            }
        });
    }
}

#[test]
fn a_summary_tells_what_is_on_disk() {
    let results = Results::new();
    let manager = results.manager();
    assert!(manager.runs().unwrap().is_empty());
    assert_eq!(manager.summary(RUN).unwrap(), None);
    let run = run_with_steps(&results, &[10, 20]);
    run.write_document(Document::Result, json!({"status": "completed", "steps": 20}).to_string().as_bytes()).unwrap();
    let summary = manager.summary(RUN).unwrap().unwrap();
    assert_eq!((summary.status, summary.pid), (RunStatus::Running, Some(std::process::id())));
    drop(run);
    let summary = manager.summary(RUN).unwrap().unwrap();
    assert_eq!((summary.status, summary.step, summary.pid), (RunStatus::Completed, Some(20), None));
    assert_eq!(summary.result.unwrap()["steps"], 20);
    // Taken up again and killed: the old result no longer speaks for the run.
    let mut run = results.open();
    run.latest().unwrap();
    run.save(&snapshot(30)).unwrap();
    drop(run);
    assert_eq!(manager.summary(RUN).unwrap().unwrap().status, RunStatus::Interrupted);
    fs_err::write(results.run().join("result.json"), b"{torn").unwrap();
    let summary = manager.summary(RUN).unwrap().unwrap();
    assert_eq!((summary.status, summary.result), (RunStatus::Interrupted, None));
}

#[test]
fn folders_and_files_of_others_are_not_runs() {
    let results = Results::new();
    drop(results.open());
    fs_err::create_dir(results.root().join("plots")).unwrap();
    fs_err::create_dir(results.root().join(".git")).unwrap();
    fs_err::write(results.root().join("README.md"), b"x").unwrap();
    assert_eq!(results.manager().runs().unwrap(), [RUN]);
}
