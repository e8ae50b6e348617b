//! What an uninterrupted run leaves and tells.

use serde_json::Value;
use steadfast_experiment::{Event, Timing};

use crate::toy::{Bench, StopAfter};

#[test]
fn a_row_for_each_epoch() {
    let mut bench = Bench::new();
    bench.finish();
    let files = bench.files();
    let text = std::str::from_utf8(files.get("metrics.jsonl").unwrap()).unwrap();
    let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 4);
    for (index, row) in rows.iter().enumerate() {
        let keys: Vec<&String> = row.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["epoch", "step", "train_loss", "val_loss", "lr"]);
        assert_eq!((row["epoch"].as_u64(), row["step"].as_u64()), (Some(index as u64 + 1), Some(index as u64 * 5 + 5)));
    }
}

#[test]
fn the_best_epoch_is_exported() {
    let mut bench = Bench::new();
    bench.toy.best_epoch = 1;
    let outcome = bench.finish();
    assert_eq!(outcome.result.best.unwrap()["epoch"], 2);
    assert_ne!(outcome.result.model_best_sha256, outcome.result.model_last_sha256);
    let files = bench.files();
    assert_ne!(files.get("model_best.safetensors"), files.get("model_last.safetensors"));
}

#[test]
fn what_is_told_and_when() {
    let mut bench = Bench::new();
    bench.plan.settings.epochs = 2;
    bench.reconfigure();
    bench.finish();
    let told: Vec<String> = bench
        .events
        .iter()
        .map(|event| match event {
            Event::Step { step, .. } => format!("step {step}"),
            Event::Epoch { epoch, is_best, .. } => {
                format!("epoch {epoch}{}", if *is_best { " best" } else { "" })
            }
            Event::Saved { step, file, .. } => format!("saved {step} {file}"),
            Event::Started { resumed, .. } => format!("started, resumed {resumed}"),
            other => format!("{other:?}"),
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn clocks_stay_out_of_the_compared_files() {
    let mut bench = Bench::new();
    bench.start(&StopAfter::new(8)).unwrap();
    bench.finish();
    let timing: Timing =
        serde_json::from_slice(&fs_err::read(bench.run_folder().join("timing.json")).unwrap()).unwrap();
    assert_eq!((timing.starts, timing.epochs.len(), timing.peak_memory_bytes), (2, 4, Some(1)));
    assert!(timing.total_s > 0.0);
}
