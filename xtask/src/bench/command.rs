//! The command: builds for release, measures, prints tables.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, ensure};

use super::table::{self, Figure};
use super::{measure, overhead, steps, whole};
use crate::arguments::{Arguments, UsageError};
use crate::command::{Command, Flag};

pub(crate) const COMMAND: Command = Command {
    name: "bench",
    summary: "Measures steps, starts, checks and whole runs, alone or against PyTorch and Lightning",
    words: &[],
    flags: &[
        Flag {
            name: "--peers",
            value: Some("VENV"),
            doc: "a Python environment with what xtask/peers/requirements.txt names",
        },
        Flag { name: "--rounds", value: Some("N"), doc: "rounds of each comparison; default 5" },
    ],
    examples: &[
        ("bench", "what can be measured without anybody else"),
        ("bench --peers .venv", "ratios, ours and theirs in turn"),
    ],
    run,
};

/// A step of a model is shown, not judged, when there is nobody to compare with.
fn step_figures(times: Vec<(&'static str, f64)>) -> impl Iterator<Item = Figure> {
    times.into_iter().map(|(model, milliseconds)| Figure {
        what: format!("step of {model}, 2 threads"),
        measured: format!("{milliseconds:.2} ms"),
        wanted: String::new(),
        kept: true,
    })
}

fn run(arguments: &Arguments) -> Result<ExitCode> {
    let rounds = match arguments.value("--rounds") {
        None => 5,
        Some(text) => text.parse().map_err(|_| UsageError::new(format!("`--rounds {text}`: not a number")))?,
    };
    let python = arguments.value("--peers").map(|venv| PathBuf::from(venv).join("bin/python"));
    let python = python.map(std::path::absolute).transpose()?;
    if let Some(python) = &python {
        ensure!(
            python.exists(),
            "{} is missing: python3 -m venv VENV && VENV/bin/pip install -r xtask/peers/requirements.txt",
            python.display()
        );
    }
    let built = measure::build()?;
    let mut figures = overhead::figures(&built)?;
    let mut comparisons = Vec::new();
    match &python {
        None => figures.extend(step_figures(steps::alone(&built)?)),
        Some(python) => {
            comparisons.extend(steps::against(&built, python, rounds)?);
            if let Some((ratios, memory)) = whole::against(&built, python, rounds)? {
                comparisons.push(ratios);
                figures.push(memory);
            }
        }
    }
    println!("\n{}", table::figures(&figures));
    if !comparisons.is_empty() {
        println!("\n{}", table::ratios(&comparisons));
    }
    Ok(ExitCode::SUCCESS)
}
