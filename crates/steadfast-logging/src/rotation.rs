//! A log file that never grows beyond its limit, never splits a line, and never stops a run.

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use fs_err::os::unix::fs::OpenOptionsExt;
use rustix::fs::OFlags;

use crate::error::LoggingError;

/// How large a log file may grow, and how many full ones are kept beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotation {
    /// A line that would bring the file beyond this many bytes begins a new file.
    pub max_bytes: u64,
    /// Full files kept as `log.txt.1` (the newest) to `log.txt.<keep>`; at least one.
    pub keep: usize,
}

impl Default for Rotation {
    /// Five files of ten megabytes beside the current one.
    fn default() -> Self {
        Self { max_bytes: 10 * 1024 * 1024, keep: 5 }
    }
}

/// A log file, open for appending.
#[derive(Debug)]
pub(crate) struct RotatingFile {
    path: PathBuf,
    file: fs_err::File,
    rotation: Rotation,
    /// Whether the file may end in the middle of a line.
    torn: bool,
    reported: Reported,
}

/// What was reported already; everything is reported once.
#[derive(Debug, Default)]
struct Reported {
    rotate: bool,
    reopen: bool,
    write: bool,
}

impl RotatingFile {
    /// Opens a log file to write behind what it holds.
    pub(crate) fn open(path: &Path, rotation: Rotation) -> Result<Self, LoggingError> {
        let mut file = open(path)?;
        let torn = ends_torn(&mut file).map_err(LoggingError::Open)?;
        Ok(Self { path: path.to_path_buf(), file, rotation, torn, reported: Reported::default() })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Waits until the disk has every line.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.file.sync_all()
    }

    /// Writes one line, its end included, in one system call; gives back what the user should hear of.
    pub(crate) fn write_line(&mut self, line: &[u8]) -> Vec<String> {
        let mut reports = Vec::new();
        // The file may have been removed or emptied by hand, so its length is asked for and not remembered.
        let seen = fs_err::symlink_metadata(&self.path).ok();
        let in_place = seen.filter(|seen| self.file.metadata().is_ok_and(|own| same_file(seen, &own)));
        match in_place {
            None => self.reopen(&mut reports),
            Some(seen) if seen.len() > 0 && seen.len() + line.len() as u64 > self.rotation.max_bytes => {
                self.rotate(&mut reports);
            }
            Some(_) => {}
        }
        if let Err(error) = self.append(line) {
            report_once(&mut self.reported.write, &mut reports, || format!("log lines are lost: {error}"));
        }
        reports
    }

    fn append(&mut self, line: &[u8]) -> io::Result<()> {
        let mended;
        let mut rest = line;
        if self.torn {
            mended = [b"\n", line].concat();
            rest = &mended;
        }
        while !rest.is_empty() {
            match self.file.write(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    rest = rest.get(written..).unwrap_or_default();
                    self.torn = !rest.is_empty();
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Begins the file anew where it has vanished; without success the old one is written on.
    fn reopen(&mut self, reports: &mut Vec<String>) {
        match open(&self.path) {
            Ok(file) => {
                self.file = file;
                self.torn = ends_torn(&mut self.file).unwrap_or(true);
            }
            Err(error) => report_once(&mut self.reported.reopen, reports, || {
                let error = crate::cause_chain::CauseChain::new(&error);
                format!("the log file was removed and cannot be made again: {error}")
            }),
        }
    }

    /// Moves the full file aside and begins a new one; without success the full one is written on.
    fn rotate(&mut self, reports: &mut Vec<String>) {
        if let Err(error) = self.shift() {
            report_once(&mut self.reported.rotate, reports, || format!("the log file is not rotated: {error}"));
            return;
        }
        self.reopen(reports);
        // Only the names are at stake, so a folder that cannot be synced is no reason to complain.
        if let Some(folder) = self.path.parent() {
            let _ = fs_err::File::open(folder).and_then(|folder| folder.sync_all());
        }
    }

    /// Renames from the oldest to the newest. Interrupted anywhere, every line is still in one of the files, and the
    /// gap in the numbers is filled the next time.
    fn shift(&self) -> io::Result<()> {
        let keep = self.rotation.keep.max(1);
        let free = (1..=keep).find(|number| fs_err::symlink_metadata(self.numbered(*number)).is_err());
        for number in (1..free.unwrap_or(keep)).rev() {
            fs_err::rename(self.numbered(number), self.numbered(number + 1))?;
        }
        fs_err::rename(&self.path, self.numbered(1))?;
        // More were kept before the limit was lowered.
        let mut surplus = keep + 1;
        while fs_err::remove_file(self.numbered(surplus)).is_ok() {
            surplus += 1;
        }
        Ok(())
    }

    fn numbered(&self, number: usize) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(format!(".{number}"));
        name.into()
    }
}

fn report_once(reported: &mut bool, reports: &mut Vec<String>, report: impl FnOnce() -> String) {
    if !*reported {
        *reported = true;
        reports.push(report());
    }
}

/// Opens without following a link and without waiting for the reader of a pipe.
fn open(path: &Path) -> Result<fs_err::File, LoggingError> {
    let not_a_file = || LoggingError::NotAFile { path: path.to_path_buf() };
    if fs_err::symlink_metadata(path).is_ok_and(|found| !found.is_file()) {
        return Err(not_a_file());
    }
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let mut options = fs_err::OpenOptions::new();
    let file = options.read(true).append(true).create(true).custom_flags(flags).open(path);
    let file = file.map_err(LoggingError::Open)?;
    if file.metadata().map_err(LoggingError::Open)?.is_file() { Ok(file) } else { Err(not_a_file()) }
}

/// Whether a killed process or a power cut left the file without a line end.
fn ends_torn(file: &mut fs_err::File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(false);
    }
    let mut last = [0];
    let file: &mut File = file.file_mut();
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

fn same_file(left: &Metadata, right: &Metadata) -> bool {
    (left.dev(), left.ino()) == (right.dev(), right.ino())
}
