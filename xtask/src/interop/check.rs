//! What a check is.

use std::path::PathBuf;

use anyhow::Result;

use crate::process::CommandLine;

/// One program of others, and how our side is held against it.
pub(super) struct Check {
    /// The word on the command line.
    pub(super) name: &'static str,
    /// Who reads what of ours.
    pub(super) summary: &'static str,
    /// Packages, as pip takes them.
    pub(super) python: &'static [&'static str],
    /// A program that must be there, and the Debian package that brings it.
    pub(super) program: Option<(&'static str, &'static str)>,
    pub(super) run: fn(&Bench) -> Result<Vec<Finding>>,
}

/// Where a check works.
pub(super) struct Bench {
    /// The built runner.
    pub(super) runner: PathBuf,
    /// The interpreter of the virtual environment.
    pub(super) python: PathBuf,
    /// A folder of its own.
    pub(super) folder: PathBuf,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) what: String,
    /// How many single comparisons it is made of.
    pub(super) count: u64,
    /// What did not hold; nothing if everything did.
    pub(super) trouble: Vec<String>,
}

impl Finding {
    /// Reads what a script printed: one JSON object a line with `what`, `count` and `trouble`.
    pub(super) fn read_all(printed: &str) -> Result<Vec<Self>> {
        let lines = printed.lines().filter(|line| line.starts_with('{'));
        let findings: Result<Vec<Self>> = lines
            .map(|line| {
                let value: serde_json::Value = serde_json::from_str(line)?;
                let trouble = value["trouble"].as_array().cloned().unwrap_or_default();
                Ok(Self {
                    what: value["what"].as_str().unwrap_or_default().to_owned(),
                    count: value["count"].as_u64().unwrap_or(0),
                    trouble: trouble.iter().filter_map(|text| text.as_str().map(str::to_owned)).collect(),
                })
            })
            .collect();
        let findings = findings?;
        anyhow::ensure!(!findings.is_empty(), "the script told nothing");
        Ok(findings)
    }

    /// Whether it was looked at, and held.
    pub(super) fn holds(&self) -> bool {
        self.count > 0 && self.trouble.is_empty()
    }
}

/// Runs a script of Python with the runner and a folder to work in, and reads what it found.
pub(super) fn script(bench: &Bench, path: &str) -> Result<Vec<Finding>> {
    let (runner, folder) = (bench.runner.to_string_lossy(), bench.folder.to_string_lossy());
    Finding::read_all(&CommandLine::new(bench.python.to_string_lossy(), &[path, &runner, &folder]).capture()?)
}

#[cfg(test)]
mod tests {
    use super::Finding;

    #[test]
    fn a_script_that_finds_nothing_does_not_pass() {
        assert!(Finding::read_all("hello\n").is_err());
        let found = Finding::read_all("noise\n{\"what\": \"a\", \"count\": 0, \"trouble\": []}\n").unwrap();
        assert!(!found[0].holds());
        let found = Finding::read_all("{\"what\": \"a\", \"count\": 3, \"trouble\": [\"x\"]}").unwrap();
        assert!(!found[0].holds());
        let found = Finding::read_all("{\"what\": \"a\", \"count\": 3, \"trouble\": []}").unwrap();
        assert!(found[0].holds());
    }
}
