//! `metrics.jsonl`: every row of measurements, appended as it comes and brought back in step after a restart.
//!
//! The truth is the history in memory, which every checkpoint carries whole. The file is its visible copy: whatever
//! happens to it, it can be rebuilt to exactly the bytes that an uninterrupted run would have.

use std::fs::File;
use std::io::{Read, Write};

use rustix::fs::OFlags;

use crate::commit;
use crate::directory::Directory;
use crate::error::StateError;
use crate::metrics_row::MetricsRow;
use crate::reading::{ReadError, open_regular};

/// Name of the metrics file.
pub(crate) const METRICS_FILE: &str = "metrics.jsonl";

/// Bytes compared at a time.
const PIECE: usize = 64 * 1024;

/// What bringing `metrics.jsonl` back in step with the recovered state took.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rewind {
    /// The file was in step.
    Unchanged,
    /// The file went on behind the recovered state; what follows will be written again.
    CutBack {
        /// Bytes cut off.
        bytes: u64,
    },
    /// The file was missing, too short, or not what the run had written.
    Rebuilt {
        /// The name under which a file with other content was kept.
        kept_as: Option<String>,
    },
}

/// The history of a run's measurements and the file that shows it.
#[derive(Debug, Default)]
pub(crate) struct MetricsLog {
    history: Vec<u8>,
    /// Open for appending, as long as the file is known to hold exactly the history.
    file: Option<File>,
}

impl MetricsLog {
    /// Goes on behind this history, which a checkpoint carried.
    pub(crate) fn new(history: Vec<u8>) -> Self {
        Self { history, file: None }
    }

    /// Every row so far, one line each.
    pub(crate) fn history(&self) -> &[u8] {
        &self.history
    }

    /// Adds a row to the history and the file.
    ///
    /// The row stays in the history even when the file cannot be written, and reaches it later.
    pub(crate) fn append(&mut self, directory: &Directory, row: &MetricsRow) -> Result<(), StateError> {
        let ready = if self.file.is_none() { self.rewind(directory).map(drop) } else { Ok(()) };
        let line = row.to_json_line();
        self.history.extend_from_slice(line.as_bytes());
        ready?;
        let Some(file) = &mut self.file else { return Ok(()) };
        file.write_all(line.as_bytes()).map_err(|source| {
            // Part of the line may be in the file: it is brought back in step before the next row.
            self.file = None;
            StateError::Io { action: "append to", path: directory.path().join(METRICS_FILE), source }
        })
    }

    /// Waits until the disk has every row.
    pub(crate) fn sync(&mut self, directory: &Directory) -> Result<(), StateError> {
        if self.file.is_none() {
            self.rewind(directory)?;
        }
        let Some(file) = &self.file else { return Ok(()) };
        if let Err(error) = file.sync_all() {
            // The same file must not be trusted with another fsync; its content is known, so a new one is written.
            let path = directory.path().join(METRICS_FILE);
            tracing::warn!(file = %path.display(), %error, "fsync failed, writing the file anew");
            self.file = None;
            self.rebuild(directory)?;
        }
        Ok(())
    }

    /// Makes the file hold exactly the history.
    pub(crate) fn rewind(&mut self, directory: &Directory) -> Result<Rewind, StateError> {
        let rewind = match compare(directory, &self.history)? {
            Found::Same => {
                self.file = Some(open(directory)?);
                return Ok(Rewind::Unchanged);
            }
            Found::Missing if self.history.is_empty() => {
                self.file = Some(open(directory)?);
                return Ok(Rewind::Unchanged);
            }
            Found::Continued { bytes } => Rewind::CutBack { bytes },
            Found::Missing | Found::Beginning => Rewind::Rebuilt { kept_as: None },
            Found::Other => {
                let aside = directory.rename_aside(METRICS_FILE, |number| format!("{METRICS_FILE}.edited-{number}"))?;
                Rewind::Rebuilt { kept_as: Some(aside) }
            }
        };
        self.rebuild(directory)?;
        Ok(rewind)
    }

    fn rebuild(&mut self, directory: &Directory) -> Result<(), StateError> {
        commit::replace(directory, METRICS_FILE, &self.history)?;
        self.file = Some(open(directory)?);
        Ok(())
    }
}

/// How the file relates to the history.
enum Found {
    Missing,
    Same,
    /// The history and more.
    Continued {
        bytes: u64,
    },
    /// The history's beginning and no more: nothing in it is lost by writing the whole.
    Beginning,
    Other,
}

fn compare(directory: &Directory, history: &[u8]) -> Result<Found, StateError> {
    let (mut file, size) = match open_regular(directory, METRICS_FILE) {
        Ok(opened) => opened,
        Err(ReadError::Missing) => return Ok(Found::Missing),
        Err(ReadError::Damage(_)) => return Ok(Found::Other),
        Err(ReadError::Failed(error)) => return Err(error),
    };
    let shared = usize::try_from(size).map_or(history.len(), |size| size.min(history.len()));
    let mut piece = vec![0; PIECE];
    for expected in history.get(..shared).unwrap_or(history).chunks(PIECE) {
        let Some(found) = piece.get_mut(..expected.len()) else { return Ok(Found::Other) };
        file.read_exact(found).map_err(StateError::io("read", &directory.path().join(METRICS_FILE)))?;
        if found != expected {
            return Ok(Found::Other);
        }
    }
    let history = history.len() as u64;
    Ok(match size.cmp(&history) {
        std::cmp::Ordering::Less => Found::Beginning,
        std::cmp::Ordering::Equal => Found::Same,
        std::cmp::Ordering::Greater => Found::Continued { bytes: size - history },
    })
}

fn open(directory: &Directory) -> Result<File, StateError> {
    directory
        .open_file(METRICS_FILE, OFlags::WRONLY | OFlags::APPEND | OFlags::CREATE)
        .map_err(StateError::io("open", &directory.path().join(METRICS_FILE)))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::{MetricsLog, MetricsRow};
    use crate::directory::Directory;

    #[test]
    fn a_row_that_finds_no_room_says_that_the_disk_is_full_and_is_not_lost() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let directory = Directory::open(folder.path()).expect("the folder opens");
        let full = fs_err::OpenOptions::new().write(true).open("/dev/full").expect("a disk without room");
        let mut log = MetricsLog { history: Vec::new(), file: Some(full.into_parts().0) };

        let refusal = log.append(&directory, &MetricsRow::new().with("epoch", 1_u64)).expect_err("there is no room");
        assert!(refusal.to_string().starts_with("disk full: cannot append to "), "{refusal}");

        log.append(&directory, &MetricsRow::new().with("epoch", 2_u64)).expect("there is room again");
        let written = fs_err::read_to_string(folder.path().join("metrics.jsonl")).expect("the file is there");
        assert_eq!(written.lines().count(), 2, "{written}");
    }
}
