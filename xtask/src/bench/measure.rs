//! Programs run to their end, timed from outside.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::process::CommandLine;
use crate::sweep;

/// The programs that are measured, built as users build them.
#[derive(Debug)]
pub(super) struct Built {
    pub(super) runner: PathBuf,
    pub(super) idle: PathBuf,
    pub(super) step_times: PathBuf,
}

/// Builds everything with the release profile.
pub(super) fn build() -> Result<Built> {
    let build = |words: &[&str]| -> Result<String> {
        let words: Vec<&str> = ["build", "--release"]
            .into_iter()
            .chain(words.iter().copied())
            .chain(["--message-format", "json-render-diagnostics"])
            .collect();
        CommandLine::cargo(&words).capture()
    };
    let programs = build(&["--package", "runner", "--bin", "runner", "--example", "idle"])?;
    let steps = build(&["--package", "steadfast-ops", "--example", "step_times"])?;
    let runner = sweep::executable(&programs).context("cargo named no runner")?;
    let example = |messages: &str, name: &str| {
        let artifacts = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let mut found =
            artifacts.filter(|message| message["target"]["name"] == name && message["target"]["kind"][0] == "example");
        let path = found.find_map(|message| message["executable"].as_str().map(PathBuf::from));
        path.with_context(|| format!("cargo named no {name}"))
    };
    Ok(Built { idle: example(&programs, "idle")?, step_times: example(&steps, "step_times")?, runner })
}

/// Runs in a folder to the end; how long that took, and what was printed.
pub(super) fn timed(program: &Path, arguments: &[&str], folder: &Path) -> Result<(Duration, String)> {
    let started = Instant::now();
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .env("RAYON_NUM_THREADS", "2")
        // As the runner sets it for its workers.
        .env("CANDLE_BARRIER_POOL_SPIN_LIMIT", "1")
        .env("MIMALLOC_PURGE_DELAY", "10000")
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("failed to start {}", program.display()))?;
    let took = started.elapsed();
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success() || output.status.code() == Some(143),
        "{} {} failed:\n{said}",
        program.display(),
        arguments.join(" ")
    );
    Ok((took, String::from_utf8_lossy(&output.stdout).into_owned()))
}

/// The last JSON object that was printed.
pub(super) fn json(printed: &str) -> Result<Value> {
    let line = printed.lines().rev().find(|line| line.starts_with('{')).context("no JSON was printed")?;
    Ok(serde_json::from_str(line)?)
}
