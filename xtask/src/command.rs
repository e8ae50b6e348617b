//! What a command is: a name, what may follow it, and a function.

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::Result;

use crate::arguments::{Arguments, UsageError};

/// One entry of the command table; parsing and help are both made from it.
pub(crate) struct Command {
    pub(crate) name: &'static str,
    /// One line for the overview.
    pub(crate) summary: &'static str,
    /// The plain words that may follow, at most one of them; the first is what no word means.
    pub(crate) words: &'static [&'static str],
    pub(crate) flags: &'static [Flag],
    /// What follows `cargo xtask` in each example, and what it does.
    pub(crate) examples: &'static [(&'static str, &'static str)],
    pub(crate) run: fn(&Arguments) -> Result<ExitCode>,
}

/// One `--flag` of a command.
pub(crate) struct Flag {
    /// With its dashes.
    pub(crate) name: &'static str,
    /// The placeholder of its value; a flag without one is a switch.
    pub(crate) value: Option<&'static str>,
    pub(crate) doc: &'static str,
}

impl Command {
    /// The text of `cargo xtask NAME --help`.
    pub(crate) fn help(&self) -> String {
        let words = if self.words.is_empty() { String::new() } else { format!(" [{}]", self.words.join("|")) };
        let flags = if self.flags.is_empty() { "" } else { " [FLAGS]" };
        let usage = format!("cargo xtask {}{words}{flags}", self.name);
        let flags = self.flags.iter().map(|flag| (flag.usage(), flag.doc)).collect::<Vec<_>>();
        let examples =
            self.examples.iter().map(|(line, doc)| (format!("cargo xtask {line}"), *doc)).collect::<Vec<_>>();
        format!("{}\n\nUsage: {usage}\n{}{}", self.summary, section("Flags", &flags), section("Examples", &examples))
    }
}

impl Flag {
    fn usage(&self) -> String {
        self.value.map_or_else(|| self.name.to_owned(), |value| format!("{} {value}", self.name))
    }
}

/// Runs the command that `words` open with, or shows help.
pub(crate) fn dispatch(commands: &[Command], words: &[String]) -> Result<ExitCode> {
    let Some((name, rest)) = words.split_first() else {
        eprint!("{}", overview(commands));
        return Ok(ExitCode::from(UsageError::EXIT_CODE));
    };
    if is_help(name) {
        print!("{}", overview(commands));
        return Ok(ExitCode::SUCCESS);
    }
    let Some(command) = commands.iter().find(|command| command.name == name) else {
        return Err(UsageError::unknown("command", name, commands.iter().map(|command| command.name)).into());
    };
    if rest.iter().any(|word| is_help(word)) {
        print!("{}", command.help());
        return Ok(ExitCode::SUCCESS);
    }
    (command.run)(&Arguments::parse(command, rest)?)
}

fn is_help(word: &str) -> bool {
    matches!(word, "help" | "-h" | "--help")
}

/// The text of `cargo xtask --help`: every command in one line.
fn overview(commands: &[Command]) -> String {
    let rows = commands.iter().map(|command| (command.name.to_owned(), command.summary)).collect::<Vec<_>>();
    let examples = [
        ("cargo xtask ci".to_owned(), "before every push"),
        ("cargo xtask tidy --help".to_owned(), "what one command does"),
    ];
    format!(
        "The project's own chores.\n\nUsage: cargo xtask COMMAND [FLAGS]\n{}{}",
        section("Commands", &rows),
        section("Examples", &examples)
    )
}

/// A titled list of aligned pairs, or nothing when there are none.
fn section(title: &str, rows: &[(String, &str)]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let width = rows.iter().map(|(left, _)| left.chars().count()).max().unwrap_or(0).max(6);
    rows.iter().fold(format!("\n{title}:\n"), |mut text, (left, right)| {
        let _infallible = writeln!(text, "  {left:<width$}  {right}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::COMMANDS;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn unknown_names_are_usage_errors_with_a_suggestion() {
        for (line, suggestion) in [
            ("tdy", "did you mean `tidy`?"),
            ("ci --fulll", "did you mean `--full`?"),
            ("test fats", "did you mean `fast`?"),
        ] {
            let error = dispatch(COMMANDS, &words(line)).unwrap_err();
            assert!(error.is::<UsageError>(), "{line}");
            assert!(error.to_string().contains(suggestion), "{line}: {error}");
        }
    }

    #[test]
    fn every_command_is_named_once_and_shows_examples() {
        let overview = overview(COMMANDS);
        for command in COMMANDS {
            assert_eq!(COMMANDS.iter().filter(|other| other.name == command.name).count(), 1);
            let named =
                |line: &str| line.split_whitespace().next() == Some(command.name) && line.ends_with(command.summary);
            assert!(overview.lines().any(named), "{overview}");
            assert!(command.help().contains("Examples:"), "{}", command.name);
            assert!(!command.examples.is_empty(), "{}", command.name);
        }
    }
}
