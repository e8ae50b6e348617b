//! The folder of a sweep: the folders of its runs, what was planned, and what came of it.

use std::path::{Path, PathBuf};

use crate::commit;
use crate::directory::Directory;
use crate::document::read_optional;
use crate::error::StateError;
use crate::lock::RunLock;

/// What makes a folder that of a sweep. It holds the lock, so that no folder of a run has a lock beside runs.
pub(crate) const MARKER: &str = ".sweep";

/// A document of a sweep. What is inside is the caller's business.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SweepDocument {
    /// `sweep.json`: what the sweep consists of.
    Plan,
    /// `leaderboard.json`: what came of it.
    Leaderboard,
}

impl SweepDocument {
    /// Name of the file inside the sweep's folder.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Plan => "sweep.json",
            Self::Leaderboard => "leaderboard.json",
        }
    }
}

/// The folder of one sweep, locked against every other process as long as this value lives.
///
/// The lock is on the sweep as a whole; each of its runs has its own besides.
#[derive(Debug)]
#[must_use = "dropping the sweep folder lets another process work on the sweep"]
pub struct SweepFolder {
    directory: Directory,
    // Dropped last, when everything else is closed.
    _lock: RunLock,
}

impl SweepFolder {
    /// Takes over a folder that is locked.
    pub(crate) fn new(directory: Directory, lock: RunLock) -> Self {
        Self { directory, _lock: lock }
    }

    /// The folder, for messages.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Where a document lies, for messages.
    pub fn path_of(&self, document: SweepDocument) -> PathBuf {
        self.path().join(document.file_name())
    }

    /// Replaces a document, as a whole and durably; one with these bytes already is left alone.
    ///
    /// # Errors
    /// What the disk answered; the document from before is then still there.
    pub fn write(&self, document: SweepDocument, bytes: &[u8]) -> Result<(), StateError> {
        let name = document.file_name();
        let is_same = read_optional(&self.directory, name).is_ok_and(|found| found.as_deref() == Some(bytes));
        if is_same { Ok(()) } else { commit::replace(&self.directory, name, bytes) }
    }

    /// The bytes of a document; nothing when there is none.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(&self, document: SweepDocument) -> Result<Option<Vec<u8>>, StateError> {
        read_optional(&self.directory, document.file_name())
    }
}

/// Whether a name in the results folder is a sweep: a folder, not a link to one, with a sweep's mark in it.
pub(crate) fn is_sweep(results: &Directory, name: &str) -> Result<bool, StateError> {
    match results.child(name) {
        Ok(Some(directory)) => Ok(directory.stat(MARKER)?.is_some()),
        Ok(None) | Err(StateError::NotAFolder { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}
