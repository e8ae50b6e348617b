//! Files of a finished run that were lost, damaged or edited come back from its checkpoint.

use steadfast_experiment::{Rebuilt, rebuild};
use steadfast_state::StateManager;

use crate::toy::{Bench, StopAfter};

fn rebuilt(bench: &Bench) -> Rebuilt {
    rebuild(&mut StateManager::new(bench.results()).open("toy").unwrap(), &bench.plan).unwrap()
}

#[test]
fn every_file_comes_back() {
    let mut bench = Bench::new();
    bench.toy.best_epoch = 1;
    bench.finish();
    let whole = bench.files();
    assert_eq!(rebuilt(&bench), Rebuilt::Finished(Vec::new()));
    for name in ["config.json", "metrics.jsonl", "result.json", "model_best.safetensors", "model_last.safetensors"] {
        let path = bench.run_folder().join(name);
        let mut bytes = fs_err::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs_err::write(&path, bytes).unwrap();
        assert_eq!(rebuilt(&bench), Rebuilt::Finished(vec![name]), "changed");
        fs_err::remove_file(&path).unwrap();
        assert_eq!(rebuilt(&bench), Rebuilt::Finished(vec![name]), "removed");
        assert_eq!(bench.files().differing(&whole), [""; 0], "{name}");
    }
    let kept = |name: &str| bench.run_folder().join(name).exists();
    assert!(kept("result.json.edited-1") && kept("metrics.jsonl.edited-1"), "what somebody wrote is not thrown away");
}

#[test]
fn a_run_that_is_not_at_its_end_is_left_alone() {
    let mut bench = Bench::new();
    bench.start(&StopAfter::new(8)).unwrap();
    let before = bench.files();
    assert_eq!(rebuilt(&bench), Rebuilt::Unfinished);
    assert_eq!(bench.files(), before);
}

#[test]
fn without_checkpoints_there_is_nothing_to_compare_with() {
    let mut bench = Bench::new();
    bench.finish();
    fs_err::remove_dir_all(bench.run_folder().join("checkpoints")).unwrap();
    let before = bench.files();
    assert_eq!(rebuilt(&bench), Rebuilt::NoCheckpoint);
    assert_eq!(bench.files(), before);
}
