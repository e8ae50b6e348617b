//! The log file of the run that is going on: one place that every thread's events lead to.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tracing::Level;
use tracing_subscriber::fmt::MakeWriter;

use crate::console::LineWriter;
use crate::error::LoggingError;
use crate::line_format::LineFormat;
use crate::rotation::{RotatingFile, Rotation};

/// Where the file layer writes: to the attached file, or nowhere.
pub(crate) struct Slot {
    current: Mutex<Option<RotatingFile>>,
    console: Arc<dyn LineWriter>,
    console_format: LineFormat,
}

impl Slot {
    /// Troubles with the log file are reported on the console.
    pub(crate) fn new(console: Arc<dyn LineWriter>, console_format: LineFormat) -> Self {
        Self { current: Mutex::new(None), console, console_format }
    }

    pub(crate) fn attach(self: &Arc<Self>, path: &Path, rotation: Rotation) -> Result<LogFile, LoggingError> {
        let mut current = self.current();
        if let Some(current) = &*current {
            let current = current.path().to_path_buf();
            return Err(LoggingError::AlreadyAttached { path: path.to_path_buf(), current });
        }
        *current = Some(RotatingFile::open(path, rotation)?);
        Ok(LogFile { slot: Arc::clone(self), path: path.to_path_buf() })
    }

    /// A thread that panicked while it held the file left nothing half done that matters to the next line.
    fn current(&self) -> MutexGuard<'_, Option<RotatingFile>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_line(&self, line: &[u8]) {
        let Some(reports) = self.current().as_mut().map(|file| file.write_line(line)) else {
            return;
        };
        // Reported after the lock is let go, and not as an event, which would come back here.
        for report in reports {
            // With neither file nor console there is nobody left to tell.
            let _ = self.console.write_line(&self.console_format.own_line(Level::WARN, &report));
        }
    }
}

/// Directs events to a log file as long as it lives.
#[derive(Debug)]
#[must_use = "events go to the file only as long as this value lives"]
pub struct LogFile {
    slot: Arc<Slot>,
    path: PathBuf,
}

impl LogFile {
    /// The file that events go to.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Waits until the disk has every line written so far: a power cut takes back nothing before this.
    pub fn fsync(&self) -> Result<(), LoggingError> {
        self.slot.current().as_ref().map_or(Ok(()), RotatingFile::sync).map_err(LoggingError::Sync)
    }
}

impl Drop for LogFile {
    fn drop(&mut self) {
        if let Some(file) = self.slot.current().take() {
            // A log that may not survive a power cut is no reason to fail.
            let _ = file.sync();
        }
    }
}

impl std::fmt::Debug for Slot {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Slot").field("current", &self.current).finish_non_exhaustive()
    }
}

/// Hands each event's line to the slot.
#[derive(Clone)]
pub(crate) struct SlotWriter(pub(crate) Arc<Slot>);

impl<'writer> MakeWriter<'writer> for SlotWriter {
    type Writer = Self;

    fn make_writer(&'writer self) -> Self {
        self.clone()
    }
}

impl Write for SlotWriter {
    /// One call brings one whole line: the formatting layer writes each event at once.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.write_line(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
