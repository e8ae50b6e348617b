//! Events to the console and to a log file that rotates by size.
//!
//! # Overview
//!
//! Library code says what happens through [`tracing`]; a [`Logger`] shows it on the console and keeps it in the
//! `log.txt` of the run that is going on. It is installed once per process. Each run attaches its own file and lets go
//! of it at the end:
//!
//! ```
//! use steadfast_logging::{ConsoleOptions, Logger, Rotation};
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("log.txt");
//! let console = ConsoleOptions { filter: "warn".parse()?, ..ConsoleOptions::default() };
//! let logger = Logger::builder().console(console).install()?;
//!
//! let log = logger.attach(&path, Rotation::default())?;
//! tracing::info!(step = 100, "saved");
//! log.fsync()?;
//! drop(log);
//!
//! let line = fs_err::read_to_string(&path)?;
//! assert!(line.ends_with("saved step=100\n"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Guarantees
//!
//! - Each event is one line and one `write(2)`: a killed process loses no line that it has logged.
//!   After a power cut the lines since the last [`LogFile::fsync`] may be missing.
//! - Events of every thread arrive, worker threads of a pool included, in the file that is attached at that moment.
//! - Nobody's text breaks a line or reaches the terminal as a control sequence, and no color code reaches a file.
//! - Rotation moves whole files; a line is never split, and none is lost except with the oldest file.
//! - Once logging is set up, nothing in it fails a run: a full disk, a folder without rights or a file removed by hand is
//!   reported once on the console, and the next line is tried again.
//! - Errors recorded as `&dyn Error` are shown with all their causes, in one line.
//!
//! # Limitations
//!
//! - The file is for one process. Two processes that attach the same file do not mix their lines,
//!   but both rotate; a run folder's lock keeps them apart.
//! - Times are UTC. Records of the `log` crate are not collected.
//! - A line longer than [`Rotation::max_bytes`] is kept whole, in a file of its own.

mod cause_chain;
mod console;
mod error;
mod fields;
mod filter;
mod line_format;
mod log_file;
mod logger;
mod plain_text;
mod rotation;

pub use cause_chain::CauseChain;
pub use console::{ConsoleOptions, LineWriter, StandardError};
pub use error::LoggingError;
pub use filter::Filter;
pub use line_format::LogFormat;
pub use log_file::LogFile;
pub use logger::{FileOptions, Logger, LoggerBuilder};
pub use rotation::Rotation;
