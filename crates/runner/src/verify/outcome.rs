//! What the proof of one experiment came to, as a table and as JSON.

use std::fmt::Write as _;
use std::path::PathBuf;

use comfy_table::{Table, presets};
use serde_json::{Value, json};

use super::compare::Compared;
use super::schedule::KINDS;
use crate::exit_code::Exit;
use crate::number::{count, plural};

/// Digits of a fingerprint that are shown.
const SHOWN_DIGITS: usize = 16;

/// The proof of one experiment.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    pub(super) name: String,
    /// Steps of the uninterrupted run.
    pub(super) steps: u64,
    /// Kills of each of [`KINDS`].
    pub(super) kills: [u64; KINDS.len()],
    /// Kills that left an unfinished write behind.
    pub(super) inside_writes: u64,
    /// Runs that the kills were spread over.
    pub(super) runs: u64,
    pub(super) verdict: Verdict,
}

/// What was found.
#[derive(Debug, Clone)]
pub(super) enum Verdict {
    /// Every byte is equal.
    Identical(Vec<Compared>),
    /// Something differs.
    Differs {
        files: Vec<Compared>,
        /// Whether two runs without any kill differ, too.
        reproducible: bool,
        /// Where both runs are kept.
        kept: PathBuf,
    },
    /// A start did not end as it should.
    Failed { reason: String, exit: Exit },
    /// Ctrl-C.
    Stopped,
}

impl Outcome {
    pub(crate) fn exit(&self) -> Exit {
        match &self.verdict {
            Verdict::Identical(_) => Exit::Done,
            Verdict::Differs { .. } | Verdict::Stopped => Exit::Failed,
            Verdict::Failed { exit, .. } => *exit,
        }
    }

    fn all_kills(&self) -> u64 {
        self.kills.iter().sum()
    }
}

/// Everything for people.
pub(crate) fn text(outcomes: &[Outcome]) -> String {
    outcomes.iter().map(one).collect::<Vec<_>>().join("\n")
}

fn one(outcome: &Outcome) -> String {
    let mut text = format!("{}: {}", outcome.name, headline(outcome));
    let _ = match &outcome.verdict {
        Verdict::Identical(files) => write!(text, "\n{}{}", kills(outcome), table(files)),
        Verdict::Differs { files, reproducible, kept } => {
            let advice = if *reproducible {
                "Something that the next step needs is not in the checkpoint: see what the experiment's save() leaves out."
            } else {
                "Two runs without any kill differ as well: the experiment draws numbers that its seed does not decide."
            };
            let kept = kept.display();
            write!(text, "\n{}{}\n\n{advice}\nBoth runs are kept in {kept}", kills(outcome), table(files))
        }
        Verdict::Failed { .. } | Verdict::Stopped => Ok(()),
    };
    text.push('\n');
    text
}

fn headline(outcome: &Outcome) -> String {
    match &outcome.verdict {
        Verdict::Identical(_) => format!(
            "identical to the last byte after {} in {}",
            plural(outcome.all_kills(), "kill"),
            plural(outcome.runs, "run")
        ),
        Verdict::Differs { files, .. } => {
            let differing = files.iter().filter(|file| file.difference.is_some()).count();
            format!("NOT IDENTICAL in {}", plural(differing as u64, "file"))
        }
        Verdict::Failed { reason, .. } => format!("FAILED: {reason}"),
        Verdict::Stopped => "stopped before anything was proved".to_owned(),
    }
}

fn kills(outcome: &Outcome) -> String {
    let mut text = format!("\n  {:<24} {:>7} steps\n", "uninterrupted run", count(outcome.steps));
    for (kind, kills) in KINDS.iter().zip(outcome.kills) {
        let _ = writeln!(text, "  {kind:<24} {:>7}", count(kills));
    }
    // A kill at any moment can do that, too.
    let _ = writeln!(text, "  {:<24} {:>7}\n", "left a file half-written", count(outcome.inside_writes));
    text
}

fn table(files: &[Compared]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["file", "SHA-256", "after the kills"]);
    for file in files {
        let sha256 = file.sha256.as_deref().map_or("", |sha256| sha256.get(..SHOWN_DIGITS).unwrap_or(sha256));
        table.add_row([file.file, sha256, file.difference.as_deref().unwrap_or("identical")]);
    }
    table.trim_fmt().lines().map(|line| format!(" {line}")).collect::<Vec<_>>().join("\n")
}

/// Everything for programs.
pub(crate) fn json_text(outcomes: &[Outcome]) -> String {
    let all: Vec<Value> = outcomes.iter().map(as_json).collect();
    serde_json::to_string_pretty(&all).unwrap_or_default()
}

fn as_json(outcome: &Outcome) -> Value {
    let (verdict, files, reason) = match &outcome.verdict {
        Verdict::Identical(files) => ("identical", files.as_slice(), None),
        Verdict::Differs { files, reproducible: true, .. } => ("differs", files.as_slice(), None),
        Verdict::Differs { files, .. } => ("not_reproducible", files.as_slice(), None),
        Verdict::Failed { reason, .. } => ("failed", [].as_slice(), Some(reason)),
        Verdict::Stopped => ("stopped", [].as_slice(), None),
    };
    let files: Vec<Value> = files
        .iter()
        .map(|file| json!({"file": file.file, "sha256": file.sha256, "difference": file.difference}))
        .collect();
    let kills: serde_json::Map<String, Value> =
        KINDS.iter().zip(outcome.kills).map(|(kind, kills)| ((*kind).to_owned(), kills.into())).collect();
    json!({
        "name": outcome.name,
        "verdict": verdict,
        "reason": reason,
        "steps": outcome.steps,
        "runs": outcome.runs,
        "kills": kills,
        "inside_writes": outcome.inside_writes,
        "files": files,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(verdict: Verdict) -> Outcome {
        Outcome { name: "exp1".to_owned(), steps: 1710, kills: [3, 3, 2, 2], inside_writes: 2, runs: 1, verdict }
    }

    fn file(difference: Option<&str>) -> Compared {
        let sha256 = Some("0123456789abcdef0123456789abcdef".to_owned());
        Compared { file: "metrics.jsonl", sha256, difference: difference.map(str::to_owned) }
    }

    #[test]
    fn texts() {
        let kept = PathBuf::from("kept/here");
        let different = file(Some("line 3: `val_loss` is 0.2 instead of 0.1"));
        let all = [
            outcome(Verdict::Identical(vec![file(None)])),
            outcome(Verdict::Differs { files: vec![different.clone()], reproducible: true, kept: kept.clone() }),
            outcome(Verdict::Differs { files: vec![different], reproducible: false, kept }),
            outcome(Verdict::Failed { reason: "the data cannot be used".to_owned(), exit: Exit::Failed }),
        ];
        insta::assert_snapshot!(text(&all));
        assert_eq!(all.iter().map(Outcome::exit).fold(Exit::Done, Exit::and), Exit::Failed);
    }
}
