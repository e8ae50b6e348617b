//! The command: runs the sample sweeps, one after another.

use std::path::PathBuf;
use std::process::{ExitCode, ExitStatus};

use crate::arguments::{Arguments, UsageError};
use crate::command::{Command, Flag};
use crate::workspace;
use anyhow::Result;

use super::runner;
use super::samples::{SAMPLES, Size};

pub(crate) const COMMAND: Command = Command {
    name: "sweep",
    summary: "Runs the sample sweeps over the built-in data through the real runner",
    words: &[],
    flags: &[
        Flag { name: "--quick", value: None, doc: "few points and few epochs: a smoke test" },
        Flag { name: "--results", value: Some("DIR"), doc: "where the runs go; default: sweep/ in the target folder" },
        Flag { name: "--fresh", value: None, doc: "throw away what earlier sweeps left in the default place" },
        Flag {
            name: "--profile",
            value: Some("NAME"),
            doc: "how the runner is built: release by default; dev is the build of the tests",
        },
    ],
    examples: &[
        ("sweep", "all of configs/sweeps; called again, it resumes or skips what is done"),
        ("sweep --quick --fresh --profile dev", "the smoke test of `cargo xtask ci`"),
    ],
    run: |arguments| run(&Options::from_arguments(arguments)?),
};

/// The folder of all sweeps within the target folder.
const FOLDER: &str = "sweep";

/// Which sweep, and where to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) size: Size,
    /// Cargo's name of the build profile.
    pub(crate) profile: String,
    /// Within the target folder by default.
    pub(crate) results: Option<PathBuf>,
    /// Whether what an earlier sweep left in the default place is thrown away first.
    pub(crate) fresh: bool,
}

impl Options {
    /// A sweep that finds out whether everything works together, in the development build that the tests made.
    pub(crate) fn smoke(size: Size) -> Self {
        Self { size, profile: runner::DEVELOPMENT.to_owned(), results: None, fresh: true }
    }

    fn from_arguments(arguments: &Arguments) -> Result<Self, UsageError> {
        let results = arguments.value("--results").map(PathBuf::from);
        let fresh = arguments.has("--fresh");
        if fresh && results.is_some() {
            return Err(UsageError::exclusive("--fresh", "--results"));
        }
        Ok(Self {
            size: if arguments.has("--quick") { Size::Quick } else { Size::Whole },
            profile: arguments.value("--profile").unwrap_or("release").to_owned(),
            results,
            fresh,
        })
    }

    /// What to type to do the same by hand.
    pub(crate) fn command(&self) -> String {
        let quick = if self.size == Size::Quick { " --quick" } else { "" };
        let fresh = if self.fresh { " --fresh" } else { "" };
        format!("cargo xtask sweep{quick}{fresh} --profile {}", self.profile)
    }
}

/// Runs the sweep. The exit code is the runner's; a run that silently lacks its result fails the sweep too.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let folder = workspace::metadata()?.target_folder.join(FOLDER).join(match options.size {
        Size::Quick => "quick",
        Size::Whole => "whole",
    });
    let default_results = folder.join("results");
    if options.fresh && default_results.exists() {
        fs_err::remove_dir_all(&default_results)?;
    }
    let results = options.results.as_ref().map_or(default_results, |results| workspace::root().join(results));
    let runner = runner::build(&options.profile)?;
    let mut complaints = Vec::new();
    for sample in SAMPLES {
        let status = runner::sweep(&runner, &sample.words(options.size), &results)?;
        if !status.success() {
            println!("\nsweep: the runner failed ({status})");
            return Ok(exit_code(status));
        }
        println!();
        complaints.extend(sample.complaint(&results)?);
    }
    for complaint in &complaints {
        println!("sweep: the runner reports success, but {complaint}");
    }
    Ok(if complaints.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The runner's own code; a runner that a signal ended has none.
fn exit_code(status: ExitStatus) -> ExitCode {
    status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(line: &str) -> Result<Options, UsageError> {
        let words = line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        Options::from_arguments(&Arguments::parse(&COMMAND, &words)?)
    }

    #[test]
    fn flags_choose_size_profile_and_place() {
        let bare = options("").unwrap();
        assert_eq!((bare.size, bare.profile.as_str(), bare.fresh), (Size::Whole, "release", false));
        let given = options("--quick --results x").unwrap();
        assert_eq!((given.size, given.results), (Size::Quick, Some(PathBuf::from("x"))));
    }

    #[test]
    fn nothing_is_thrown_away_in_a_place_that_the_user_named() {
        let error = options("--fresh --results x").unwrap_err();
        assert!(error.to_string().starts_with("`--fresh` and `--results` exclude each other"), "{error}");
    }

    #[test]
    fn the_command_to_repeat_is_understood() {
        for size in [Size::Quick, Size::Whole] {
            let smoke = Options::smoke(size);
            let repeated = smoke.command();
            assert_eq!(options(repeated.strip_prefix("cargo xtask sweep").unwrap()), Ok(smoke));
        }
    }
}
