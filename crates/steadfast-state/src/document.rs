//! The small JSON files of a run, each replaced as a whole.

use crate::commit;
use crate::directory::Directory;
use crate::error::StateError;
use crate::reading::{ReadError, read_whole};

/// A document of a run folder. What is inside is the caller's business.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Document {
    /// `config.json`: the resolved config.
    Config,
    /// `result.json`: how the run ended.
    Result,
    /// `timing.json`: all clocks.
    Timing,
    /// `environment.json`: program, machine, threads.
    Environment,
    /// `attempts.json`: failures so far, so that a limit on retries outlives a kill.
    Attempts,
}

impl Document {
    /// Name of the file inside the run folder.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Config => "config.json",
            Self::Result => "result.json",
            Self::Timing => "timing.json",
            Self::Environment => "environment.json",
            Self::Attempts => "attempts.json",
        }
    }
}

/// Replaces a document; one that has these bytes already is left alone.
pub(crate) fn write(directory: &Directory, document: Document, bytes: &[u8]) -> Result<(), StateError> {
    let name = document.file_name();
    // Whatever stands there that cannot be read is replaced, so only equality matters.
    let same = read_whole(directory, name).is_ok_and(|found| found == bytes);
    if same { Ok(()) } else { commit::replace(directory, name, bytes) }
}

/// The bytes of a document; nothing when there is none.
pub(crate) fn read(directory: &Directory, document: Document) -> Result<Option<Vec<u8>>, StateError> {
    read_optional(directory, document.file_name())
}

/// The bytes of a file of the run folder; nothing when there is none.
pub(crate) fn read_optional(directory: &Directory, name: &str) -> Result<Option<Vec<u8>>, StateError> {
    match read_whole(directory, name) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(ReadError::Missing) => Ok(None),
        Err(error) => Err(error.into_state_error(directory, name)),
    }
}
