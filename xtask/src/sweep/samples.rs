//! The sample sweeps, and how each is made short.

use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::Value;

/// Where they lie.
pub(super) const FOLDER: &str = "configs/sweeps";

/// One sweep file.
#[derive(Debug)]
pub(super) struct Sample {
    /// Name of the file and of the sweep.
    pub(super) name: &'static str,
    /// What makes it a smoke test.
    pub(super) quick: &'static [&'static str],
}

/// How large a sweep is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Size {
    /// A smoke test: few points, few epochs.
    Quick,
    /// A sample of real use.
    Whole,
}

/// Every file of the folder.
pub(super) const SAMPLES: &[Sample] = &[
    Sample { name: "diabetes-tpe", quick: &["base.hyperparams.epochs=4", "n=10"] },
    Sample { name: "digits-halving", quick: &["base.hyperparams.epochs=4", "n=4"] },
    Sample { name: "iris-grid", quick: &["base.hyperparams.epochs=3", "seeds=[0]"] },
];

impl Sample {
    /// What follows `runner sweep`.
    pub(super) fn words(&self, size: Size) -> Vec<String> {
        let quick = if size == Size::Quick { self.quick } else { &[] };
        std::iter::once(format!("{FOLDER}/{}.json", self.name))
            .chain(quick.iter().map(|word| (*word).to_owned()))
            .collect()
    }

    /// What is missing from the leaderboard that the sweep left; nothing if it is whole.
    pub(super) fn complaint(&self, results: &Path) -> Result<Option<String>> {
        let path = results.join(self.name).join("leaderboard.json");
        if !path.is_file() {
            return Ok(Some(format!("{} is missing", path.display())));
        }
        let text = fs_err::read_to_string(&path)?;
        let board: Value = serde_json::from_str(&text).with_context(|| format!("{} is not JSON", path.display()))?;
        Ok(complaint(&board).map(|what| format!("{}: {what}", path.display())))
    }
}

/// What a leaderboard lacks.
fn complaint(board: &Value) -> Option<String> {
    let rows = board["rows"].as_array().map_or(&[][..], Vec::as_slice);
    if board["finished"] != true {
        return Some("the sweep is not finished".to_owned());
    }
    if board["trials"].as_u64() != Some(rows.len() as u64) {
        return Some(format!("{} trials were wanted, {} are told of", board["trials"], rows.len()));
    }
    let bad = rows.iter().find(|row| row["status"] == "failed" || !row["value"].is_number());
    bad.map(|row| format!("trial {} has no value", row["trial"]))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::workspace;

    #[test]
    fn every_file_of_the_folder_is_a_sample() {
        let entries = fs_err::read_dir(workspace::root().join(FOLDER)).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        let known: Vec<String> = SAMPLES.iter().map(|sample| format!("{}.json", sample.name)).collect();
        assert_eq!(names, known);
    }

    #[test]
    fn a_quick_sample_is_the_same_file_made_short() {
        let sample = &SAMPLES[0];
        assert_eq!(sample.words(Size::Whole), ["configs/sweeps/diabetes-tpe.json"]);
        assert!(sample.words(Size::Quick).len() > 1);
    }

    #[test]
    fn a_board_with_a_hole_is_found() {
        let row = |status: &str, value: Value| json!({"trial": 1, "status": status, "value": value});
        let board = |finished: bool, trials: u64, rows: Vec<Value>| json!({"finished": finished, "trials": trials, "rows": rows});
        assert_eq!(complaint(&board(true, 1, vec![row("stopped", json!(0.5))])), None);
        for bad in [
            json!({}),
            board(false, 1, vec![row("completed", json!(0.5))]),
            board(true, 2, vec![row("completed", json!(0.5))]),
            board(true, 1, vec![row("completed", Value::Null)]),
            board(true, 1, vec![row("failed", json!(0.5))]),
        ] {
            assert!(complaint(&bad).is_some(), "{bad}");
        }
    }
}
