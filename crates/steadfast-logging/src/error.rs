//! What can go wrong while logging is set up; once it is, nothing in it fails a run.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Anything that keeps logging from being set up.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LoggingError {
    /// The process has a logger already.
    #[error("another logger is installed in this process")]
    AlreadyInstalled(#[source] tracing::dispatcher::SetGlobalDefaultError),
    /// Events go to another log file already.
    #[error("cannot log to {}: events go to {}", path.display(), current.display())]
    AlreadyAttached {
        /// The file that was to be attached.
        path: PathBuf,
        /// The file that is attached.
        current: PathBuf,
    },
    /// Something other than a file, such as a link or a pipe, stands where the log belongs.
    #[error("{} is not a regular file", path.display())]
    NotAFile {
        /// The place of the log file.
        path: PathBuf,
    },
    /// The log file cannot be opened; the message names it.
    #[error("cannot open the log file")]
    Open(#[source] io::Error),
    /// The disk did not confirm what was logged; the message names the file.
    #[error("cannot sync the log file")]
    Sync(#[source] io::Error),
    /// A filter is not of the form `LEVEL` or `LEVEL,TARGET=LEVEL,...`.
    #[error("{text:?} is not a log level")]
    Filter {
        /// The filter as given.
        text: String,
    },
}
