//! What several tests need: a results folder that goes away, and states to save.

use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use serde_json::json;
use steadfast_state::{Dtype, RunFolder, Snapshot, StateManager, TensorData, TensorMap};

/// Name of the run in every test that needs only one.
pub(crate) const RUN: &str = "exp1";

/// A results folder of its own for one test.
pub(crate) struct Results {
    folder: tempfile::TempDir,
}

impl Results {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("results")
    }

    pub(crate) fn manager(&self) -> StateManager {
        StateManager::new(self.root())
    }

    pub(crate) fn open(&self) -> RunFolder {
        self.manager().open(RUN).unwrap()
    }

    pub(crate) fn run(&self) -> PathBuf {
        self.root().join(RUN)
    }

    /// The checkpoint of a step.
    pub(crate) fn checkpoint(&self, step: u64) -> PathBuf {
        self.run().join(format!("checkpoints/step-{step:012}.safetensors"))
    }

    /// Names inside `checkpoints/`, sorted.
    pub(crate) fn checkpoints(&self) -> Vec<String> {
        names(&self.run().join("checkpoints"))
    }
}

/// Names inside a folder, sorted.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs_err::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A small state that differs from step to step.
pub(crate) fn snapshot(step: u64) -> Snapshot {
    let values: Vec<f32> = (0..6_u16).map(|index| f32::from(index) + step as f32).collect();
    let tensors = TensorMap::from([
        ("model.fc.weight".to_owned(), TensorData::from_f32(vec![2, 3], &values).unwrap()),
        ("optimizer.step".to_owned(), TensorData::new(Dtype::U64, vec![], step.to_le_bytes().to_vec()).unwrap()),
    ]);
    Snapshot { step, state: json!({"epoch": step / 10, "best": 0.1 + step as f64}), tensors }
}

/// Makes a run with these steps saved, keeping all of them.
pub(crate) fn run_with_steps(results: &Results, steps: &[u64]) -> RunFolder {
    let mut run = results.open();
    run.set_keep(usize::MAX);
    for &step in steps {
        assert!(run.save(&snapshot(step)).unwrap().written);
    }
    run
}

/// Flips one bit of a file, in place.
pub(crate) fn flip(path: &Path, bit: usize) {
    let file = fs_err::OpenOptions::new().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    let place = (bit / 8) as u64;
    file.file().read_exact_at(&mut byte, place).unwrap();
    byte[0] ^= 1 << (bit % 8);
    file.file().write_all_at(&byte, place).unwrap();
}

/// Every file below a folder with its content, links as their target.
pub(crate) fn tree(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for name in names(folder) {
        let path = folder.join(&name);
        let kind = fs_err::symlink_metadata(&path).unwrap().file_type();
        if kind.is_dir() {
            files.extend(tree(&path).into_iter().map(|(inner, bytes)| (format!("{name}/{inner}"), bytes)));
        } else if kind.is_symlink() {
            let target = fs_err::read_link(&path).unwrap();
            files.push((name, target.into_os_string().into_encoded_bytes()));
        } else if kind.is_file() {
            files.push((name, fs_err::read(&path).unwrap()));
        }
    }
    files
}
