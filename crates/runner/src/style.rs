//! Colors for people, only where they are wanted.

use std::fmt;
use std::io::IsTerminal;

use crate::args::ColorArg;

/// Whether to color.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Style {
    colored: bool,
}

impl Style {
    /// Colors on a terminal unless `NO_COLOR` is set, or as told.
    pub(crate) fn choose(wanted: ColorArg, stream: &impl IsTerminal) -> Self {
        let colored = match wanted {
            ColorArg::Always => true,
            ColorArg::Never => false,
            ColorArg::Auto => {
                let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
                let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
                stream.is_terminal() && !refused && !dumb
            }
        };
        Self { colored }
    }

    /// No colors.
    #[cfg(test)]
    pub(crate) fn plain() -> Self {
        Self { colored: false }
    }

    pub(crate) fn is_colored(self) -> bool {
        self.colored
    }

    pub(crate) fn bold(self, text: impl fmt::Display) -> String {
        self.paint("1", text)
    }

    pub(crate) fn dim(self, text: impl fmt::Display) -> String {
        self.paint("2", text)
    }

    pub(crate) fn good(self, text: impl fmt::Display) -> String {
        self.paint("32", text)
    }

    pub(crate) fn warn(self, text: impl fmt::Display) -> String {
        self.paint("33", text)
    }

    pub(crate) fn bad(self, text: impl fmt::Display) -> String {
        self.paint("31;1", text)
    }

    fn paint(self, code: &str, text: impl fmt::Display) -> String {
        if self.colored { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_string() }
    }
}
