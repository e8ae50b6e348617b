//! Failures: told, written down, and never worth a good checkpoint.

use serde_json::Value;
use steadfast_experiment::{FailureClass, TrainError};

use crate::toy::{Bench, StopAfter};

fn result(bench: &Bench) -> Value {
    serde_json::from_slice(bench.files().get("result.json").unwrap()).unwrap()
}

#[test]
fn a_loss_that_is_not_finite_fails_and_keeps_the_last_good_state() {
    let mut bench = Bench::new();
    bench.toy.breaks_at = Some(12);
    let error = bench.start(&StopAfter::never()).unwrap_err();
    assert_eq!(error.class(), FailureClass::Numeric);
    let result = result(&bench);
    assert_eq!((result["status"].as_str(), result["steps"].as_u64()), (Some("failed"), Some(12)));
    assert_eq!(result["error"]["class"], "numeric");
    assert_eq!(result["error"]["message"], "the training loss is NaN at step 12");

    // Without the fault it goes on from the last checkpoint, and nothing of the failure is left.
    let mut whole = Bench::new();
    whole.finish();
    bench.toy.breaks_at = None;
    bench.finish();
    assert_eq!(bench.files().differing(&whole.files()), [""; 0]);
}

#[test]
fn a_changed_config_is_refused_and_nothing_is_touched() {
    let mut bench = Bench::new();
    bench.start(&StopAfter::new(8)).unwrap();
    let before = bench.files();
    bench.plan.resolved["hyperparams"]["lr"] = 0.2.into();
    let error = bench.start(&StopAfter::never()).unwrap_err();
    let TrainError::Refused { reason } = error else { panic!("{error}") };
    assert!(reason.contains("hyperparams.lr") && reason.contains("0.1") && reason.contains("0.2"), "{reason}");
    assert_eq!(bench.files(), before);
}

#[test]
fn changed_data_is_refused_and_nothing_is_touched() {
    let mut bench = Bench::new();
    bench.start(&StopAfter::new(8)).unwrap();
    let before = bench.files();
    bench.toy.data = "other data";
    let error = bench.start(&StopAfter::never()).unwrap_err();
    assert!(matches!(error, TrainError::Refused { .. }), "{error}");
    assert_eq!(bench.files(), before);
}

#[test]
fn more_epochs_are_refused_where_the_schedule_depends_on_them() {
    let mut bench = Bench::new();
    bench.finish();
    bench.plan.settings.epochs = 6;
    bench.reconfigure();
    bench.plan.depends_on_epochs = true;
    let error = bench.start(&StopAfter::never()).unwrap_err();
    assert!(error.to_string().contains("schedule depends on their number"), "{error}");
}

#[test]
fn fewer_epochs_than_are_trained_are_refused() {
    let mut bench = Bench::new();
    bench.finish();
    bench.plan.settings.epochs = 2;
    bench.reconfigure();
    let error = bench.start(&StopAfter::never()).unwrap_err();
    assert!(error.to_string().contains("asks for 2 epochs, but 4 are already trained"), "{error}");
}

#[test]
fn a_metric_that_does_not_exist_is_named_with_those_that_do() {
    let mut bench = Bench::new();
    bench.plan.settings.monitor.metric = "val_acc".to_owned();
    let error = bench.start(&StopAfter::never()).unwrap_err();
    insta::assert_snapshot!(error.to_string(), @"there is no metric `val_acc` to monitor; this experiment has train_loss, val_loss, lr");
}

#[test]
fn a_model_that_is_not_finite_is_never_saved() {
    let mut bench = Bench::new();
    bench.toy.overflows_at = Some(9);
    let error = bench.start(&StopAfter::never()).unwrap_err();
    assert_eq!(error.class(), FailureClass::Numeric);
    assert_eq!(error.to_string(), "an element of `position` is NaN at step 10");
    let result = result(&bench);
    assert_eq!((result["status"].as_str(), result["error"]["class"].as_str()), (Some("failed"), Some("numeric")));

    let mut whole = Bench::new();
    whole.finish();
    bench.toy.overflows_at = None;
    bench.finish();
    assert_eq!(bench.files().differing(&whole.files()), [""; 0]);
}

#[test]
fn an_interrupted_run_says_so_in_its_result() {
    let mut bench = Bench::new();
    bench.start(&StopAfter::new(8)).unwrap();
    let result = result(&bench);
    assert_eq!(
        (result["status"].as_str(), result["error"]["class"].as_str()),
        (Some("interrupted"), Some("interrupted"))
    );
    assert_eq!(result["error"]["message"], "stopped after step 7; the same command continues");
}
