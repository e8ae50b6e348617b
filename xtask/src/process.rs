//! A child process, as a value that can be shown, run and repeated by hand.

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::process::{Command, ExitStatus, Output, Stdio};

use anyhow::{Context as _, Result};

use crate::workspace;

/// A program, its arguments and the variables set for it; runs in the workspace's root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CommandLine {
    program: String,
    arguments: Vec<String>,
    variables: Vec<(String, String)>,
}

impl CommandLine {
    pub(crate) fn new(program: impl Into<String>, arguments: &[&str]) -> Self {
        let arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
        Self { program: program.into(), arguments, variables: Vec::new() }
    }

    pub(crate) fn cargo(arguments: &[&str]) -> Self {
        Self::new("cargo", arguments)
    }

    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Runs to the end with this process's own output.
    pub(crate) fn status(&self) -> Result<ExitStatus> {
        self.command().status().with_context(|| format!("failed to start `{self}`"))
    }

    /// Runs to the end and collects standard output and standard error.
    pub(crate) fn output(&self) -> Result<Output> {
        self.command().output().with_context(|| format!("failed to start `{self}`"))
    }

    /// Runs to the end and collects standard output; standard error goes through. A failure is an error.
    pub(crate) fn capture(&self) -> Result<String> {
        let output =
            self.command().stderr(Stdio::inherit()).output().with_context(|| format!("failed to start `{self}`"))?;
        anyhow::ensure!(output.status.success(), "`{self}` failed: {}", output.status);
        String::from_utf8(output.stdout).with_context(|| format!("the output of `{self}` is not UTF-8"))
    }

    fn command(&self) -> Command {
        // Cargo tells its children which cargo they come from; the same one keeps the build fingerprints.
        let program = match (self.program.as_str(), env::var_os("CARGO")) {
            ("cargo", Some(cargo)) => cargo,
            _ => OsString::from(&self.program),
        };
        let mut command = Command::new(program);
        command
            .args(&self.arguments)
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(workspace::root())
            .stdin(Stdio::null());
        command
    }
}

/// As it is typed into a shell.
impl fmt::Display for CommandLine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.variables {
            write!(formatter, "{name}={} ", quoted(value))?;
        }
        formatter.write_str(&quoted(&self.program))?;
        self.arguments.iter().try_for_each(|argument| write!(formatter, " {}", quoted(argument)))
    }
}

fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_alphanumeric() || "-_./=:,+@".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_shows_as_a_shell_takes_it() {
        let line = CommandLine::cargo(&["doc", "it's", ""]).variable("RUSTDOCFLAGS", "-D warnings");
        assert_eq!(line.to_string(), r"RUSTDOCFLAGS='-D warnings' cargo doc 'it'\''s' ''");
    }

    #[test]
    fn a_failing_child_is_an_error_that_names_it() {
        let error = CommandLine::new("false", &[]).capture().unwrap_err();
        assert!(error.to_string().starts_with("`false` failed"), "{error}");
        let error = CommandLine::new("no-such-program", &["x"]).status().unwrap_err();
        assert_eq!(error.to_string(), "failed to start `no-such-program x`");
    }
}
