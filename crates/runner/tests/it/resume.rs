//! Starting again: what continues, what is left alone, what is refused.

use serde_json::json;

use crate::program::Bench;

#[test]
fn a_changed_config_is_refused_unless_fresh() {
    let bench = Bench::new();
    bench.iris("flowers", &json!({}));
    assert_eq!(bench.run(&["configs"]).code, 0);
    let before = bench.files("flowers");
    let refused = bench.run(&["configs", "hyperparams.lr=0.5"]);
    assert_eq!(refused.code, 3, "{}", refused.stderr);
    assert!(refused.stderr.contains("hyperparams.lr"), "{}", refused.stderr);
    assert_eq!(bench.files("flowers"), before);

    let fresh = bench.run(&["configs", "hyperparams.lr=0.5", "--fresh"]);
    assert_eq!(fresh.code, 0, "{}", fresh.stderr);
    assert_ne!(bench.files("flowers"), before);
    let kept = fs_err::read_dir(bench.path().join("results")).unwrap().count();
    assert_eq!(kept, 2, "the old run is kept");
}

#[test]
fn more_epochs_give_what_a_longer_run_would_have_given() {
    let (grown, long) = (Bench::new(), Bench::new());
    for bench in [&grown, &long] {
        bench.iris("flowers", &json!({}));
    }
    assert_eq!(grown.run(&["configs"]).code, 0);
    assert_eq!(grown.run(&["configs", "hyperparams.epochs=5"]).code, 0);
    assert_eq!(long.run(&["configs", "hyperparams.epochs=5"]).code, 0);
    assert_eq!(grown.files("flowers").differing(&long.files("flowers")), [""; 0]);
}

#[test]
fn resume_modes() {
    let bench = Bench::new();
    bench.iris("flowers", &json!({}));
    assert_eq!(bench.run(&["configs", "--resume", "must"]).code, 6);
    assert!(!bench.results("flowers").exists(), "a refusal leaves nothing behind");
    assert_eq!(bench.run(&["configs", "--resume", "never"]).code, 0);
    assert_eq!(bench.run(&["configs", "--resume", "never", "hyperparams.epochs=4"]).code, 3);
    assert_eq!(bench.run(&["configs", "--resume", "must", "hyperparams.epochs=4"]).code, 0);
}

#[test]
fn when_every_checkpoint_is_damaged_nothing_starts_from_zero() {
    let bench = Bench::new();
    bench.iris("flowers", &json!({}));
    assert_eq!(bench.run(&["configs"]).code, 0);
    for entry in fs_err::read_dir(bench.results("flowers").join("checkpoints")).unwrap() {
        fs_err::write(entry.unwrap().path(), "damaged").unwrap();
    }
    let ended = bench.run(&["configs", "hyperparams.epochs=4"]);
    assert_eq!(ended.code, 6, "{}", ended.stderr);
    assert!(ended.stderr.contains("--fresh"), "{}", ended.stderr);
}
