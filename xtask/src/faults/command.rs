//! The command: builds, proves itself, tries everything, prints one table.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context as _, Result};

use super::bench::Program;
use super::cases::Scope;
use super::tally::{Record, Tally, render};
use super::{cycles, damage, errno, kills, machine, planted, power, races, stops, storage};
use crate::arguments::{Arguments, UsageError};
use crate::command::{Command, Flag};
use crate::process::CommandLine;
use crate::sweep;

pub(crate) const COMMAND: Command = Command {
    name: "faults",
    summary: "Tries kills, power cuts, failing disks and damaged files on the built runner",
    words: &[],
    flags: &[
        Flag { name: "--quick", value: None, doc: "the part that runs in `cargo xtask ci`" },
        Flag { name: "--only", value: Some("NAME"), doc: "one check, by the first words of its name" },
        Flag { name: "--seed", value: Some("N"), doc: "other random places; default 1" },
        Flag { name: "--jobs", value: Some("N"), doc: "cases side by side; default 2" },
    ],
    examples: &[
        ("faults", "everything; needs root and Debian's strace"),
        ("faults --quick", "a few minutes"),
        ("faults --only power --seed 7", "one check, with other moments"),
    ],
    run: |arguments| {
        let options = Options::from_arguments(arguments)?;
        match prepare() {
            Ready::Yes => run(&options),
            Ready::No(why) => {
                eprintln!("cannot run here: {why}");
                Ok(ExitCode::from(UsageError::EXIT_CODE))
            }
        }
    },
};

/// One check.
struct Check {
    name: &'static str,
    check: fn(&Scope) -> Result<Tally>,
}

/// Every check behind the proof of the suite itself.
const CHECKS: [Check; 11] = [
    Check { name: "kill at every call", check: kills::every_call },
    Check { name: "double crashes", check: kills::double_crashes },
    Check { name: "random kills", check: cycles::random_kills },
    Check { name: "stop at every step", check: stops::every_step },
    Check { name: "errors at every writing call", check: errno::every_writing_call },
    Check { name: "short writes", check: errno::short_writes },
    Check { name: "power cuts", check: power::cuts },
    Check { name: "damaged checkpoints", check: damage::flips_and_truncations },
    Check { name: "lock races", check: races::lock_races },
    Check { name: "link races", check: races::link_races },
    Check { name: "storage troubles", check: storage::troubles },
];

/// Name of the check that the suite makes on itself.
const SELF_PROOF: &str = "planted faults";

/// Failures after which a check is cut short.
const PATIENCE: usize = 20;

/// What is tried, and how much of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Options {
    quick: bool,
    only: Option<String>,
    seed: u64,
    jobs: usize,
}

/// Whether this machine can run the suite.
pub(crate) enum Ready {
    Yes,
    /// With what is missing.
    No(String),
}

impl Options {
    /// What `cargo xtask ci` runs.
    pub(crate) fn everyday() -> Self {
        Self { quick: true, only: None, seed: 1, jobs: 2 }
    }

    /// What `cargo xtask ci --full` runs.
    pub(crate) fn whole() -> Self {
        Self { quick: false, ..Self::everyday() }
    }

    fn from_arguments(arguments: &Arguments) -> Result<Self, UsageError> {
        let number = |flag: &'static str, default: u64| match arguments.value(flag) {
            None => Ok(default),
            Some(text) => text.parse().map_err(|_| UsageError::new(format!("`{flag} {text}`: not a number"))),
        };
        let only = arguments.value("--only").map(str::to_owned);
        if let Some(wanted) = &only
            && !names().any(|name| name.starts_with(wanted))
        {
            return Err(UsageError::unknown("check", wanted, names()));
        }
        let jobs = usize::try_from(number("--jobs", 2)?).unwrap_or(2).max(1);
        Ok(Self { quick: arguments.has("--quick"), only, seed: number("--seed", 1)?, jobs })
    }

    /// What to type to do the same by hand.
    pub(crate) fn command(&self) -> String {
        let quick = if self.quick { " --quick" } else { "" };
        let only = self.only.as_ref().map(|only| format!(" --only '{only}'")).unwrap_or_default();
        let seed = if self.seed == 1 { String::new() } else { format!(" --seed {}", self.seed) };
        format!("cargo xtask faults{quick}{only}{seed}")
    }

    fn wants(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|wanted| name.starts_with(wanted.as_str()))
    }
}

fn names() -> impl Iterator<Item = &'static str> {
    [SELF_PROOF].into_iter().chain(CHECKS.iter().map(|check| check.name))
}

/// Looks for what the suite needs.
pub(crate) fn prepare() -> Ready {
    machine::missing().map_or(Ready::Yes, Ready::No)
}

/// Runs what is asked for, and prints the table.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let planted = options.wants(SELF_PROOF).then(build_planted).transpose()?;
    let program = Program { runner: sweep::build_for_tests()?, planted: None };
    let Options { quick, seed, jobs, .. } = *options;
    let scope = Scope { program, quick, seed, jobs, patience: PATIENCE };
    let mut records = Vec::new();
    if let Some(planted) = planted {
        records.push(timed(SELF_PROOF, || Ok(planted::all(&scope, &planted)))?);
    }
    for Check { name, check } in CHECKS.iter().filter(|check| options.wants(check.name)) {
        records.push(timed(name, || check(&scope))?);
    }
    println!("\n{}", render(&records));
    let failures: usize = records.iter().map(|record| record.tally.failures.len()).sum();
    if failures == 0 {
        return Ok(ExitCode::SUCCESS);
    }
    println!("\n{failures} failures; repeat with\n  {}", options.command());
    Ok(ExitCode::FAILURE)
}

fn timed(name: &str, check: impl FnOnce() -> Result<Tally>) -> Result<Record> {
    let started = Instant::now();
    let tally = check().with_context(|| format!("{name} could not be tried"))?;
    let took = started.elapsed();
    println!("{name}: {} tried, {} failures, {:.1} s", tally.tried, tally.failures.len(), took.as_secs_f64());
    Ok(Record { check: name.to_owned(), tally, took })
}

/// Builds the runner with the bad variants in it, and puts it beside the good one.
fn build_planted() -> Result<PathBuf> {
    // The example brings the features that the tests have, so that nothing but the runner's own crates is built anew.
    let words = ["build", "--workspace", "--bin", "runner", "--example", "forgetful"];
    let words = words.into_iter().chain(["--features", "runner/planted-faults"]);
    let words = words.chain(["--message-format", "json-render-diagnostics"]).collect::<Vec<_>>();
    let line = CommandLine::cargo(&words);
    let built = sweep::executable(&line.capture()?).with_context(|| format!("`{line}` named no executable"))?;
    let planted = built.with_file_name("runner-planted");
    // Cargo's own path is the next build's.
    fs_err::copy(built, &planted)?;
    Ok(planted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_is_named_by_its_first_words() {
        let options = Options { only: Some("power".to_owned()), ..Options::everyday() };
        assert_eq!(names().filter(|name| options.wants(name)).collect::<Vec<_>>(), ["power cuts"]);
        assert_eq!(options.command(), "cargo xtask faults --quick --only 'power'");
        assert_eq!(names().filter(|name| Options::everyday().wants(name)).count(), 12);
    }
}
