//! The project's own chores: `cargo xtask COMMAND`.
//!
//! It links none of the project's crates, so that it builds in seconds and keeps working while they do not compile;
//! what it needs of them it gets from cargo or from the built `runner`.
//! A new command is one file with a `COMMAND` in it and two lines here.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool: its findings are its output")]

mod arguments;
mod bench;
mod ci;
mod command;
mod faults;
mod interop;
mod process;
mod reference;
mod report;
mod sweep;
mod test;
mod tidy;
mod workspace;

use std::env;
use std::process::ExitCode;

use arguments::UsageError;
use command::{Command, dispatch};

/// Every command, in the order in which help lists them.
const COMMANDS: &[Command] = &[
    ci::COMMAND,
    test::COMMAND,
    tidy::COMMAND,
    reference::COMMAND,
    sweep::COMMAND,
    faults::COMMAND,
    bench::COMMAND,
    interop::COMMAND,
];

fn main() -> ExitCode {
    let words = env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>();
    match dispatch(COMMANDS, &words) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            if error.is::<UsageError>() { ExitCode::from(UsageError::EXIT_CODE) } else { ExitCode::FAILURE }
        }
    }
}
