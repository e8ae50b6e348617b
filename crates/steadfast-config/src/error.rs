//! Why a name or a device that somebody typed cannot be used.
//!
//! Everything that is wrong with a config is a [`ConfigReport`](crate::ConfigReport);
//! these errors are for the same values when they come from elsewhere, such as the command line.

use crate::wording::{escape, name};

/// Why a text cannot name a run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RunNameError {
    /// It has no characters.
    #[error("a name must not be empty")]
    Empty,
    /// It has more than 64 characters.
    #[error("a name has at most 64 characters, this one has {length}")]
    TooLong {
        /// How many it has.
        length: usize,
    },
    /// It starts with a character that is no letter and no digit.
    #[error("a name starts with a letter or a digit, not with `{}`", escape(&.found.to_string()))]
    BadStart {
        /// The first character.
        found: char,
    },
    /// It has a character that could mean something to a file system or a shell.
    #[error("a name is made of letters, digits, `.`, `_` and `-`; `{}` is none of them", escape(&.found.to_string()))]
    BadCharacter {
        /// The first such character.
        found: char,
    },
    /// It ends with a dot, which some file systems drop.
    #[error("a name must not end with a dot")]
    FinalDot,
    /// It is the name of a device on Windows, with or without an ending.
    #[error("{} is the name of a device on Windows", name(.device))]
    Device {
        /// The name without its ending.
        device: String,
    },
}

/// A text that names no device.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} is no device", name(.found))]
pub struct DeviceError {
    /// The text.
    pub found: String,
}
