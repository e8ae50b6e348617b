//! `cargo xtask ci`: everything that must hold before a push, cheapest first.

use std::fmt;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;
use comfy_table::Cell;

use crate::arguments::Arguments;
use crate::command::{Command, Flag};
use crate::faults;
use crate::process::CommandLine;
use crate::reference;
use crate::report;
use crate::sweep::{self, Size};
use crate::test::{STAGES, Tier};
use crate::tidy;

pub(crate) const COMMAND: Command = Command {
    name: "ci",
    summary: "Runs every check that must pass before a push, cheapest first",
    words: &[],
    flags: &[
        Flag {
            name: "--full",
            value: None,
            doc: "the slow test tiers and the whole sweep too; cargo-deny must be there",
        },
        Flag { name: "--no-test", value: None, doc: "leave out `cargo test --workspace`, when it has just passed" },
    ],
    examples: &[("ci", "before every push"), ("ci --full", "before a release")],
    run: |arguments| Ok(run(arguments)),
};

/// One thing to check.
#[derive(Debug)]
struct Step {
    name: &'static str,
    work: Work,
}

#[derive(Debug)]
enum Work {
    Process(CommandLine),
    Tidy,
    /// The pages of docs/reference/ against the program.
    Reference,
    Sweep(sweep::Options),
    Faults(faults::Options),
    /// Licenses, bans and sources; an absent cargo-deny is an error when required.
    Deny {
        required: bool,
    },
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Outcome {
    Passed,
    Skipped(String),
    Failed(String),
    NotReached,
}

/// A step with its end, for the table.
struct Record {
    name: &'static str,
    outcome: Outcome,
    took: Duration,
}

fn run(arguments: &Arguments) -> ExitCode {
    let steps = plan(arguments.has("--full"), arguments.has("--no-test"));
    let records = execute(&steps, |step| {
        println!("\n== {}: {}", step.name, step.work);
        perform(&step.work).unwrap_or_else(|error| Outcome::Failed(format!("{error:#}")))
    });
    println!("\n{}", render(&records));
    for (step, record) in steps.iter().zip(&records) {
        if let Outcome::Failed(why) = &record.outcome {
            println!("\nfailed: {}, {why}; repeat with\n  {}", step.name, step.work);
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// The steps in the order in which they run.
fn plan(full: bool, no_test: bool) -> Vec<Step> {
    let process = |name, line| Step { name, work: Work::Process(line) };
    let mut steps = vec![
        process("fmt", CommandLine::cargo(&["fmt", "--check"])),
        Step { name: "tidy", work: Work::Tidy },
        process("clippy", CommandLine::cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])),
        process(
            "doc",
            CommandLine::cargo(&["doc", "--workspace", "--no-deps"]).variable("RUSTDOCFLAGS", "-D warnings"),
        ),
    ];
    let is_wanted = |tier| if tier == Tier::Fast { !no_test } else { full };
    let stages = STAGES.iter().filter(|stage| is_wanted(stage.tier));
    steps.extend(stages.map(|stage| process(stage.name, stage.command_line())));
    steps.push(Step { name: "reference", work: Work::Reference });
    let size = if full { Size::Whole } else { Size::Quick };
    steps.push(Step { name: "sweep", work: Work::Sweep(sweep::Options::smoke(size)) });
    let options = if full { faults::Options::whole() } else { faults::Options::everyday() };
    steps.push(Step { name: "faults", work: Work::Faults(options) });
    steps.push(Step { name: "deny", work: Work::Deny { required: full } });
    steps
}

/// Performs the steps until one fails.
fn execute(steps: &[Step], mut perform: impl FnMut(&Step) -> Outcome) -> Vec<Record> {
    let mut failed = false;
    let records = steps.iter().map(|step| {
        let start = Instant::now();
        let outcome = if failed { Outcome::NotReached } else { perform(step) };
        failed |= matches!(outcome, Outcome::Failed(_));
        Record { name: step.name, outcome, took: start.elapsed() }
    });
    records.collect()
}

fn perform(work: &Work) -> Result<Outcome> {
    match work {
        Work::Process(line) => line.status().map(|status| judge(status.success())),
        Work::Tidy => tidy::run().map(judge),
        Work::Reference => reference::bring_up_to_date(true).map(judge),
        Work::Sweep(options) => sweep::run(options).map(|code| judge(code == ExitCode::SUCCESS)),
        Work::Faults(options) => try_faults(options),
        Work::Deny { required } => deny(*required),
    }
}

fn judge(success: bool) -> Outcome {
    if success { Outcome::Passed } else { Outcome::Failed("see above".to_owned()) }
}

/// A machine that cannot break its disks says so, and goes on.
fn try_faults(options: &faults::Options) -> Result<Outcome> {
    match faults::prepare() {
        faults::Ready::Yes => faults::run(options).map(|code| judge(code == ExitCode::SUCCESS)),
        faults::Ready::No(why) => {
            println!("{why}");
            Ok(Outcome::Skipped(why))
        }
    }
}

fn deny_line() -> CommandLine {
    CommandLine::cargo(&["deny", "check", "licenses", "bans", "sources"])
}

fn deny(required: bool) -> Result<Outcome> {
    let is_installed = CommandLine::cargo(&["deny", "--version"]).output()?.status.success();
    if is_installed {
        return deny_line().status().map(|status| judge(status.success()));
    }
    let missing = "cargo-deny is not installed: cargo install cargo-deny --locked".to_owned();
    println!("{missing}");
    Ok(if required { Outcome::Failed(missing) } else { Outcome::Skipped(missing) })
}

/// What to type to do the same by hand.
impl fmt::Display for Work {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Process(line) => line.fmt(formatter),
            Self::Tidy => formatter.write_str("cargo xtask tidy"),
            Self::Reference => formatter.write_str("cargo xtask reference --check"),
            Self::Sweep(options) => formatter.write_str(&options.command()),
            Self::Faults(options) => formatter.write_str(&options.command()),
            Self::Deny { .. } => deny_line().fmt(formatter),
        }
    }
}

fn render(records: &[Record]) -> String {
    let mut table = report::table(["step", "seconds", "result"]);
    for record in records {
        let result = match &record.outcome {
            Outcome::Passed => "passed".to_owned(),
            Outcome::Skipped(why) => format!("skipped: {why}"),
            Outcome::Failed(_) => "FAILED".to_owned(),
            Outcome::NotReached => "not reached".to_owned(),
        };
        let seconds = report::number(format!("{:.1}", record.took.as_secs_f64()));
        table.add_row([Cell::new(record.name), seconds, Cell::new(result)]);
    }
    table.trim_fmt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(full: bool, no_test: bool) -> Vec<&'static str> {
        plan(full, no_test).iter().map(|step| step.name).collect()
    }

    #[test]
    fn steps_run_cheapest_first_and_flags_choose_them() {
        assert_eq!(
            names(false, false),
            ["fmt", "tidy", "clippy", "doc", "tests", "reference", "sweep", "faults", "deny"]
        );
        assert_eq!(names(false, true), ["fmt", "tidy", "clippy", "doc", "reference", "sweep", "faults", "deny"]);
        assert!(names(true, false).len() > names(false, false).len());
        assert!(matches!(plan(true, false).last().unwrap().work, Work::Deny { required: true }));
        assert!(matches!(plan(false, false).last().unwrap().work, Work::Deny { required: false }));
    }

    #[test]
    fn the_first_failure_stops_the_rest() {
        let steps = plan(false, false);
        let mut performed = Vec::new();
        let records = execute(&steps, |step| {
            performed.push(step.name);
            if step.name == "clippy" { judge(false) } else { judge(true) }
        });
        assert_eq!(performed, ["fmt", "tidy", "clippy"]);
        assert_eq!(records[2].outcome, Outcome::Failed("see above".to_owned()));
        assert!(records[3..].iter().all(|record| record.outcome == Outcome::NotReached));
    }

    #[test]
    fn a_skipped_step_stops_nothing_and_says_why() {
        let steps = plan(false, true);
        let records = execute(&steps, |_| Outcome::Skipped("no tool".to_owned()));
        assert_eq!(render(&records).matches("skipped: no tool").count(), steps.len());
    }

    #[test]
    fn steps_show_the_command_that_repeats_them() {
        let lines = plan(false, false).iter().map(|step| step.work.to_string()).collect::<Vec<_>>();
        assert!(lines.contains(&"RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps".to_owned()), "{lines:?}");
        assert!(lines.contains(&"cargo xtask sweep --quick --fresh --profile dev".to_owned()), "{lines:?}");
    }
}
