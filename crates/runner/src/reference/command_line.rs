//! `docs/reference/command-line.md`: the help texts, one verb after another.

use clap::{Command, CommandFactory as _};
use std::fmt::Write as _;

use crate::args::Cli;

/// How wide the help texts are on the page.
const WIDTH: usize = 100;

pub(super) fn page() -> String {
    let mut command = command();
    command.build();
    let mut text = format!("# Command line\n\n{}\n", help(&mut command.clone()));
    for verb in command.get_subcommands_mut().filter(|verb| !verb.is_hide_set() && verb.get_name() != "help") {
        let name = verb.get_name().to_owned();
        let _ = write!(text, "\n## {name}\n\n{}\n", help(verb));
    }
    text
}

/// The command line of this program, in a width that does not depend on a terminal.
pub(crate) fn command() -> Command {
    Cli::command().term_width(WIDTH)
}

fn help(command: &mut Command) -> String {
    let help = command.render_long_help().to_string();
    let lines: Vec<&str> = help.trim_end().lines().map(str::trim_end).collect();
    format!("```text\n{}\n```", lines.join("\n"))
}
