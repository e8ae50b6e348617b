//! The words behind a command, checked against its table entry.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;

use crate::command::Command;

/// What was typed behind a command.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Arguments {
    word: Option<String>,
    /// Switches hold an empty value.
    flags: BTreeMap<&'static str, String>,
}

impl Arguments {
    /// Checks `words` against what `command` accepts.
    pub(crate) fn parse(command: &Command, words: &[String]) -> Result<Self, UsageError> {
        let mut arguments = Self::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            if word.starts_with('-') {
                arguments.take_flag(command, word, &mut words)?;
            } else {
                arguments.take_word(command, word)?;
            }
        }
        Ok(arguments)
    }

    /// The plain word, when there was one.
    pub(crate) fn word(&self) -> Option<&str> {
        self.word.as_deref()
    }

    /// Whether the switch was given.
    pub(crate) fn has(&self, flag: &str) -> bool {
        self.flags.contains_key(flag)
    }

    /// The value given to the flag.
    pub(crate) fn value(&self, flag: &str) -> Option<&str> {
        self.flags.get(flag).map(String::as_str)
    }

    fn take_flag<'words>(
        &mut self,
        command: &Command,
        word: &str,
        rest: &mut impl Iterator<Item = &'words String>,
    ) -> Result<(), UsageError> {
        let (name, attached) = word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
        let Some(flag) = command.flags.iter().find(|flag| flag.name == name) else {
            let known = command.flags.iter().map(|flag| flag.name).chain(["--help"]);
            return Err(UsageError::unknown("flag", name, known));
        };
        let value = match (flag.value, attached) {
            (None, None) => String::new(),
            (None, Some(_)) => return Err(UsageError::new(format!("`{name}` takes no value"))),
            (Some(_), Some(value)) => value.to_owned(),
            (Some(placeholder), None) => {
                rest.next().cloned().ok_or_else(|| UsageError::new(format!("`{name}` needs a value: {placeholder}")))?
            }
        };
        self.flags.insert(flag.name, value);
        Ok(())
    }

    fn take_word(&mut self, command: &Command, word: &str) -> Result<(), UsageError> {
        if !command.words.contains(&word) {
            return Err(UsageError::unknown("argument", word, command.words.iter().copied()));
        }
        if let Some(earlier) = self.word.replace(word.to_owned()) {
            return Err(UsageError::exclusive(&earlier, word));
        }
        Ok(())
    }
}

/// A command line that cannot be understood.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct UsageError {
    message: String,
}

impl UsageError {
    /// What the process then ends with.
    pub(crate) const EXIT_CODE: u8 = 2;

    pub(crate) fn new(message: String) -> Self {
        Self { message: message + "\n  help: cargo xtask --help" }
    }

    /// Two words that cannot stand together.
    pub(crate) fn exclusive(first: &str, second: &str) -> Self {
        Self::new(format!("`{first}` and `{second}` exclude each other"))
    }

    /// A name that is none of `known`, with the nearest of them.
    pub(crate) fn unknown<'known>(what: &str, name: &str, known: impl Iterator<Item = &'known str>) -> Self {
        let known = known.collect::<Vec<_>>();
        let nearest = known
            .iter()
            .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
            .filter(|(distance, candidate)| *distance <= (candidate.len() / 3).max(2))
            .min_by_key(|(distance, _)| *distance);
        let suggestion = nearest.map(|(_, candidate)| format!("\n  did you mean `{candidate}`?")).unwrap_or_default();
        let choice = match known.as_slice() {
            [] => format!("no {what} is accepted here"),
            known => format!("known: {}", known.join(", ")),
        };
        Self::new(format!("unknown {what} `{name}`{suggestion}\n  {choice}"))
    }
}

impl fmt::Display for UsageError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl Error for UsageError {}

#[cfg(test)]
mod tests {
    use std::process::ExitCode;

    use super::*;
    use crate::command::Flag;

    const COMMAND: Command = Command {
        name: "sample",
        summary: "",
        words: &["fast", "full"],
        flags: &[
            Flag { name: "--quick", value: None, doc: "" },
            Flag { name: "--results", value: Some("DIR"), doc: "" },
        ],
        examples: &[],
        run: |_| Ok(ExitCode::SUCCESS),
    };

    fn parse(line: &str) -> Result<Arguments, UsageError> {
        Arguments::parse(&COMMAND, &line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn words_switches_and_values_are_told_apart() {
        let arguments = parse("full --quick --results a/b").unwrap();
        assert_eq!(arguments.word(), Some("full"));
        assert!(arguments.has("--quick"));
        assert_eq!(arguments.value("--results"), Some("a/b"));
        assert_eq!(parse("--results=c").unwrap().value("--results"), Some("c"));
        assert!(!parse("").unwrap().has("--quick"));
    }

    #[test]
    fn every_misuse_names_what_is_wrong() {
        for (line, message) in [
            ("--quik", "did you mean `--quick`?"),
            ("--nothing-like-it", "known: --quick, --results, --help"),
            ("--hlep", "did you mean `--help`?"),
            ("--quick=yes", "`--quick` takes no value"),
            ("--results", "`--results` needs a value: DIR"),
            ("fast full", "`fast` and `full` exclude each other"),
            ("slow", "known: fast, full"),
        ] {
            let error = parse(line).unwrap_err().to_string();
            assert!(error.contains(message), "{line}: {error}");
        }
    }
}
