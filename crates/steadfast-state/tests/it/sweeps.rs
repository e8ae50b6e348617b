//! The folder of a sweep: its mark, its lock, its documents, and the runs inside of it.

use std::os::unix::fs::symlink;

use steadfast_state::{Document, StateError, SweepDocument};

use crate::support::{RUN, Results, names};

const SWEEP: &str = "grid";

#[test]
fn runs_of_a_sweep_lie_in_its_folder_and_nowhere_else() {
    let results = Results::new();
    let folder = results.manager().open_sweep(SWEEP).unwrap();
    let runs = results.manager().in_sweep(SWEEP).unwrap();
    drop(runs.open("lr-0.1@1f").unwrap());
    drop(results.open());
    assert_eq!(results.manager().runs().unwrap(), [RUN]);
    assert_eq!(results.manager().sweeps().unwrap(), [SWEEP]);
    assert_eq!(runs.runs().unwrap(), ["lr-0.1@1f"]);
    assert_eq!(runs.summary("lr-0.1@1f").unwrap().unwrap().name, "lr-0.1@1f");
    folder.write(SweepDocument::Leaderboard, b"{}\n").unwrap();
    assert_eq!(names(&results.root().join(SWEEP)), [".sweep", "leaderboard.json", "lr-0.1@1f"]);
    let read = results.manager().sweep_document(SWEEP, SweepDocument::Leaderboard).unwrap();
    assert_eq!(read.as_deref(), Some(&b"{}\n"[..]));
    assert_eq!(folder.read(SweepDocument::Plan).unwrap(), None);
    let aside = runs.set_aside("lr-0.1@1f").unwrap().unwrap();
    assert!(aside.ends_with("grid/lr-0.1@1f.old-1"), "{}", aside.display());
}

#[test]
fn one_process_at_a_time_works_on_a_sweep() {
    let results = Results::new();
    let folder = results.manager().open_sweep(SWEEP).unwrap();
    assert!(matches!(results.manager().open_sweep(SWEEP), Err(StateError::Held { .. })));
    assert!(matches!(results.manager().set_sweep_aside(SWEEP), Err(StateError::Held { .. })));
    drop(folder);
    let aside = results.manager().set_sweep_aside(SWEEP).unwrap().unwrap();
    assert!(aside.ends_with("grid.old-1"));
    assert_eq!(results.manager().set_sweep_aside(SWEEP).unwrap(), None);
    assert_eq!(results.manager().sweeps().unwrap(), ["grid.old-1"]);
}

#[test]
fn a_name_is_a_run_or_a_sweep_and_never_both() {
    let results = Results::new();
    drop(results.open());
    assert!(matches!(results.manager().open_sweep(RUN), Err(StateError::Taken { by: "a run", .. })));
    drop(results.manager().open_sweep(SWEEP).unwrap());
    assert!(matches!(results.manager().open(SWEEP), Err(StateError::Taken { by: "a sweep", .. })));
    assert_eq!(names(&results.root().join(SWEEP)), [".sweep"]);
}

#[test]
fn names_and_links_lead_nowhere() {
    let results = Results::new();
    let elsewhere = tempfile::tempdir().unwrap();
    for name in ["", "..", "a/b", "/etc", ".hidden"] {
        assert!(matches!(results.manager().open_sweep(name), Err(StateError::Name { .. })), "{name:?}");
        assert!(matches!(results.manager().in_sweep(name), Err(StateError::Name { .. })), "{name:?}");
    }
    assert!(!results.root().exists());
    drop(results.manager().open_sweep(SWEEP).unwrap());
    for name in ["linked", "marked"] {
        fs_err::create_dir_all(results.root().join("marked")).unwrap();
        let link = if name == "linked" { results.root().join(name) } else { results.root().join(name).join(".sweep") };
        symlink(elsewhere.path(), link).unwrap();
        let opened = results.manager().open_sweep(name);
        assert!(matches!(opened, Err(StateError::NotAFolder { found: "a symbolic link", .. })), "{opened:?}");
    }
    let inside = results.manager().in_sweep("linked").unwrap();
    assert!(matches!(inside.open(RUN), Err(StateError::NotAFolder { .. })));
    assert!(matches!(inside.document(RUN, Document::Config), Err(StateError::NotAFolder { .. })));
    assert_eq!(results.manager().sweeps().unwrap(), [SWEEP, "marked"]);
    assert!(names(elsewhere.path()).is_empty());
}

#[test]
fn what_an_interrupted_write_left_is_cleared() {
    let results = Results::new();
    drop(results.manager().open_sweep(SWEEP).unwrap());
    let leftover = results.root().join(SWEEP).join(".atomicwriteAb12");
    fs_err::create_dir(&leftover).unwrap();
    fs_err::write(leftover.join("tmpfile.tmp"), b"half").unwrap();
    drop(results.manager().open_sweep(SWEEP).unwrap());
    assert_eq!(names(&results.root().join(SWEEP)), [".sweep"]);
}
