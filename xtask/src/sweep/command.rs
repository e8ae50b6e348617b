//! The command: writes the configs, runs them, ranks the results.

use std::path::{Path, PathBuf};
use std::process::{ExitCode, ExitStatus};

use anyhow::Result;
use serde_json::Value;

use crate::arguments::{Arguments, UsageError};
use crate::command::{Command, Flag};
use crate::workspace;

use super::grid::{self, Size, Study};
use super::{leaderboard, runner};

pub(crate) const COMMAND: Command = Command {
    name: "sweep",
    summary: "Runs a sample grid over the built-in data through the real runner and ranks the results",
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
        ("sweep", "the whole grid; called again, it resumes or skips what is done"),
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
    let (configs, default_results) = (folder.join("configs"), folder.join("results"));
    if options.fresh && default_results.exists() {
        fs_err::remove_dir_all(&default_results)?;
    }
    let results = options.results.as_ref().map_or(default_results, |results| workspace::root().join(results));
    let studies = grid::studies(options.size);
    write_configs(&configs, studies)?;
    let runner = runner::build(&options.profile)?;
    let status = runner::run(&runner, &configs, &results)?;
    let complete = show(studies, &results)?;
    if !status.success() {
        println!("\nsweep: the runner failed ({status}), so rows above can be of an earlier sweep");
        return Ok(exit_code(status));
    }
    if !complete {
        println!("\nsweep: the runner reports success, but a run above is not complete");
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes one file per point of the grid into a folder that then holds nothing else.
fn write_configs(folder: &Path, studies: &[Study]) -> Result<()> {
    if folder.exists() {
        fs_err::remove_dir_all(folder)?;
    }
    fs_err::create_dir_all(folder)?;
    for config in studies.iter().flat_map(Study::configs) {
        let path = folder.join(format!("{}.json", grid::name(&config)));
        fs_err::write(path, format!("{config:#}\n"))?;
    }
    Ok(())
}

/// Prints a leaderboard for each study; true when every run is complete.
fn show(studies: &[Study], results: &Path) -> Result<bool> {
    let mut complete = true;
    for study in studies {
        let configs: Vec<Value> = study.configs();
        let rows = leaderboard::read(&configs, study.goal, results)?;
        complete &= rows.iter().all(leaderboard::Row::is_complete);
        println!("\n{}, {} runs\n{}", study.dataset, rows.len(), leaderboard::render(&rows, study.goal));
    }
    Ok(complete)
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
