//! The files of a run that must be equal however often the run was interrupted.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

/// Names of the files that hold no time, host or path.
pub const COMPARED: [&str; 5] =
    ["config.json", "metrics.jsonl", "result.json", "model_best.safetensors", "model_last.safetensors"];

/// The compared files of one run folder.
#[derive(Clone, PartialEq, Eq)]
pub struct RunFiles(BTreeMap<&'static str, Vec<u8>>);

impl RunFiles {
    /// Reads what is there of a run folder.
    pub fn read(folder: &Path) -> Self {
        let read = |name: &'static str| fs_err::read(folder.join(name)).ok().map(|bytes| (name, bytes));
        Self(COMPARED.into_iter().filter_map(read).collect())
    }

    /// Whether every compared file is there.
    pub fn is_complete(&self) -> bool {
        self.0.len() == COMPARED.len()
    }

    /// Names of the files that differ between two runs.
    pub fn differing(&self, other: &Self) -> Vec<&'static str> {
        COMPARED.into_iter().filter(|name| self.0.get(name) != other.0.get(name)).collect()
    }

    /// One file.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.0.get(name).map(Vec::as_slice)
    }
}

/// Names and sizes: the bytes would flood a failed test's output.
impl fmt::Debug for RunFiles {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_map().entries(self.0.iter().map(|(name, bytes)| (name, bytes.len()))).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_byte_is_named() {
        let folder = tempfile::tempdir().unwrap();
        fs_err::write(folder.path().join("metrics.jsonl"), "a").unwrap();
        let before = RunFiles::read(folder.path());
        fs_err::write(folder.path().join("metrics.jsonl"), "b").unwrap();
        let after = RunFiles::read(folder.path());
        assert_eq!(before.differing(&after), ["metrics.jsonl"]);
        assert!(!before.is_complete());
    }
}
