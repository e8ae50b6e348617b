//! The example is run: trained, interrupted, resumed, and checked for what it learnt.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall say where")]

use std::path::Path;
use std::process::{Command, Output};

fn run(folder: &Path, arguments: &[&str]) -> Output {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let output = Command::new(env!("CARGO_BIN_EXE_own-experiment"))
        .current_dir(repository)
        .args(["examples/own-experiment/line.json", "--results"])
        .arg(folder)
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

fn read(folder: &Path, name: &str) -> Vec<u8> {
    std::fs::read(folder.join("line").join(name)).unwrap()
}

#[test]
fn the_line_is_found() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), &[]);
    let model = read(folder.path(), "model_last.safetensors");
    // A safetensors file ends with its numbers: slope and offset of the points' generator, give or take their noise.
    let numbers: Vec<f64> =
        model[model.len() - 16..].chunks_exact(8).map(|bytes| f64::from_le_bytes(bytes.try_into().unwrap())).collect();
    assert!((numbers[0] - 1.5).abs() < 0.1 && (numbers[1] + 0.25).abs() < 0.1, "{numbers:?}");
}

#[test]
fn resuming_comes_for_free() {
    let (whole, grown) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    run(whole.path(), &[]);
    run(grown.path(), &["hyperparams.epochs=2"]);
    let output = run(grown.path(), &[]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("resumed"), "{output:?}");
    for name in ["metrics.jsonl", "model_last.safetensors", "result.json", "config.json"] {
        assert_eq!(read(whole.path(), name), read(grown.path(), name), "{name}");
    }
}
