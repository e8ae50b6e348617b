//! The command: installs what is missing, runs the checks, prints a table.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use comfy_table::Cell;

use super::check::{Bench, Check, Finding};
use super::checks::CHECKS;
use super::install;
use crate::arguments::{Arguments, UsageError};
use crate::command::{Command, Flag};
use crate::process::CommandLine;
use crate::{report, sweep, workspace};

pub(crate) const COMMAND: Command = Command {
    name: "interop",
    summary: "Holds reports, event files, exports and jobs against the programs that take them; installs those",
    words: &[],
    flags: &[
        Flag { name: "--only", value: Some("CHECK"), doc: "one check alone: browser, tensorboard, mlflow, slurm" },
        Flag { name: "--runner", value: Some("FILE"), doc: "a runner that is built already" },
    ],
    examples: &[("interop", "all of them"), ("interop --only browser", "the report in headless Chromium")],
    run,
};

fn run(arguments: &Arguments) -> Result<ExitCode> {
    let checks: Vec<&Check> = match arguments.value("--only") {
        None => CHECKS.iter().collect(),
        Some(name) => {
            let names = CHECKS.iter().map(|check| check.name);
            let found = CHECKS.iter().find(|check| check.name == name);
            vec![found.ok_or_else(|| UsageError::unknown("check", name, names))?]
        }
    };
    let python = install::all(&checks)?;
    let runner = match arguments.value("--runner") {
        Some(path) => std::path::absolute(path)?,
        None => build()?,
    };
    let mut table = report::table(["check", "what", "compared", ""]);
    let mut failures = Vec::new();
    for check in checks {
        println!("{}: {}", check.name, check.summary);
        let folder = workspace::root().join("target/interop").join(check.name);
        fs_err::create_dir_all(&folder)?;
        let bench = Bench { runner: runner.clone(), python: python.clone(), folder };
        let findings = (check.run)(&bench).with_context(|| format!("the check `{}` could not be made", check.name))?;
        for finding in &findings {
            let Finding { what, count, trouble } = finding;
            let verdict = if finding.holds() { "" } else { "FAILED" };
            table.add_row([Cell::new(check.name), Cell::new(what), report::number(count), Cell::new(verdict)]);
            failures.extend(trouble.iter().map(|text| format!("{}, {what}: {text}", check.name)));
        }
        failures.extend(
            findings
                .iter()
                .filter(|finding| finding.count == 0)
                .map(|finding| format!("{}: nothing compared", finding.what)),
        );
    }
    println!("\n{}", table.trim_fmt());
    for failure in &failures {
        eprintln!("{failure}");
    }
    Ok(if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The runner as users build it: what it makes is measured here too.
fn build() -> Result<PathBuf> {
    let line = CommandLine::cargo(&[
        "build",
        "--release",
        "--package",
        "runner",
        "--bin",
        "runner",
        "--message-format",
        "json-render-diagnostics",
    ]);
    sweep::executable(&line.capture()?).context("cargo named no runner")
}
