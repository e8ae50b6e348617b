//! What a batch is doing right now, for those who watch from another terminal: its queue, and how far the experiment is
//! that runs.
//!
//! One small file beside the runs, written once a second at most and never synced. It is locked while its batch lives,
//! so a file that a killed batch has left is known as such. Nothing reads it but `runner top`, and a batch that cannot
//! write it goes on without.

use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use steadfast_experiment::{Event, Observer};

use crate::pace::Pace;
use crate::plain_file;

/// How often the file is written at most.
const INTERVAL: Duration = Duration::from_secs(1);

/// The progress stands at the beginning of the file, filled up to this many bytes, so that the queue behind it stays.
const ROOM: usize = 512;

const PREFIX: &str = ".live-";

/// How far the experiment is that runs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Progress {
    pub(crate) name: String,
    /// Epochs completed, and wanted.
    pub(crate) epoch: u64,
    pub(crate) epochs: u64,
    pub(crate) step: u64,
    pub(crate) steps: u64,
    /// Of the latest step that was told; nothing if it is no number.
    pub(crate) loss: Option<f64>,
    pub(crate) samples_per_s: f64,
    pub(crate) left_s: Option<u64>,
}

/// A batch that is running.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct LiveBatch {
    pub(crate) queue: Vec<String>,
    pub(crate) progress: Progress,
}

/// The file of this process.
#[derive(Debug)]
pub(crate) struct Live {
    results: PathBuf,
    queue: Vec<String>,
    file: Mutex<Option<LiveFile>>,
}

#[derive(Debug)]
struct LiveFile {
    path: PathBuf,
    file: fs_err::File,
    written: Option<Instant>,
}

impl Live {
    /// The queue consists of names as people use them: for a run of a sweep, `SWEEP/RUN`.
    pub(crate) fn new(results: &Path, queue: impl Iterator<Item = String>) -> Self {
        Self { results: results.to_owned(), queue: queue.collect(), file: Mutex::new(None) }
    }

    /// Passes events on, and writes down from time to time how far the run is.
    pub(crate) fn watching<'a>(&'a self, name: &str, next: &'a mut dyn Observer) -> LiveWatch<'a> {
        let progress = Progress { name: name.to_owned(), ..Progress::default() };
        LiveWatch { live: self, next, progress, pace: Pace::begin(0) }
    }

    fn lock(&self) -> MutexGuard<'_, Option<LiveFile>> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The results folder is made by the first run that is opened, never for the sake of this file.
    fn write(&self, progress: &Progress, is_urgent: bool) {
        let mut file = self.lock();
        if file.is_none() && self.results.is_dir() {
            *file = LiveFile::create(&self.results, &self.queue);
        }
        let Some(file) = file.as_mut() else { return };
        let is_due = file.written.is_none_or(|written| written.elapsed() >= INTERVAL);
        if is_due || is_urgent {
            file.written = Some(Instant::now());
            // Whoever watches sees the state before; the run has nothing to do with it.
            let _ = file.write(progress);
        }
    }
}

impl LiveFile {
    fn create(results: &Path, queue: &[String]) -> Option<Self> {
        remove_left_behind(results);
        let path = results.join(format!("{PREFIX}{}.json", std::process::id()));
        // Of an earlier process with this number, or of a try that somebody who was looking has disturbed.
        let _ = fs_err::remove_file(&path);
        let file = fs_err::OpenOptions::new().read(true).write(true).create_new(true).open(&path).ok()?;
        flock(file.file(), FlockOperation::NonBlockingLockExclusive).ok()?;
        let mut made = Self { path, file, written: None };
        let mut text = vec![b' '; ROOM];
        text.push(b'\n');
        text.extend(serde_json::to_vec(queue).ok()?);
        made.file.write_all(&text).ok()?;
        Some(made)
    }

    fn write(&mut self, progress: &Progress) -> std::io::Result<()> {
        let mut text = serde_json::to_vec(progress)?;
        if text.len() <= ROOM {
            text.resize(ROOM, b' ');
            self.file.seek(SeekFrom::Start(0))?;
            self.file.write_all(&text)?;
        }
        Ok(())
    }
}

impl Drop for LiveFile {
    fn drop(&mut self) {
        let _ = fs_err::remove_file(&self.path);
    }
}

/// Stands between a run and its observer.
pub(crate) struct LiveWatch<'a> {
    live: &'a Live,
    next: &'a mut dyn Observer,
    progress: Progress,
    pace: Pace,
}

impl Observer for LiveWatch<'_> {
    fn notice(&mut self, event: &Event) {
        self.next.notice(event);
        let progress = &mut self.progress;
        match event {
            Event::Started { epoch, step, epochs, steps_per_epoch, .. } => {
                self.pace = Pace::begin(*step);
                (progress.epoch, progress.epochs, progress.step) = (*epoch, *epochs, *step);
                progress.steps = epochs.saturating_mul(*steps_per_epoch);
            }
            Event::Step { epoch, step, loss, samples, .. } => {
                (progress.epoch, progress.step, progress.loss) = (*epoch, *step, loss.is_finite().then_some(*loss));
                progress.left_s = self.pace.left(*step, progress.steps).map(|left| left.as_secs());
                progress.samples_per_s = self.pace.speed(*step, *samples);
            }
            Event::Epoch { epoch, step, samples_per_s, .. } => {
                (progress.epoch, progress.step, progress.samples_per_s) = (*epoch, *step, *samples_per_s);
                self.pace.set_rate(*samples_per_s);
            }
            _ => return,
        }
        self.live.write(&self.progress, matches!(event, Event::Started { .. }));
    }
}

/// Every batch that is running in a results folder.
pub(crate) fn batches(results: &Path) -> Vec<LiveBatch> {
    files(results).iter().filter_map(|path| read(path)).collect()
}

fn read(path: &Path) -> Option<LiveBatch> {
    let mut file = plain_file::open(path).ok()??;
    if flock(file.file(), FlockOperation::NonBlockingLockShared).is_ok() {
        // Nobody holds it: its batch is gone. Closing lets go.
        return None;
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).ok()?;
    let (progress, queue) = bytes.split_at_checked(ROOM)?;
    let mut progress: Progress = serde_json::from_slice(progress).unwrap_or_default();
    let mut queue: Vec<String> = serde_json::from_slice(queue).ok()?;
    // Names become paths; whoever may write into the folder shall not lead a reader out of it.
    queue.retain(|name| stays_inside(name));
    if !stays_inside(&progress.name) {
        progress.name.clear();
    }
    Some(LiveBatch { queue, progress })
}

/// Whether a name is that of a run, or of a run of a sweep.
fn stays_inside(name: &str) -> bool {
    let is_plain = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.contains('\0');
    name.split('/').count() <= 2 && name.split('/').all(is_plain)
}

/// Removes the files of batches that were killed.
fn remove_left_behind(results: &Path) {
    for path in files(results) {
        // Open until its file is gone: nobody can take it meanwhile.
        let Ok(Some(file)) = plain_file::open(&path) else { continue };
        if flock(file.file(), FlockOperation::NonBlockingLockExclusive).is_ok() {
            let _ = fs_err::remove_file(&path);
        }
    }
}

fn files(results: &Path) -> Vec<PathBuf> {
    let entries = fs_err::read_dir(results).into_iter().flatten().flatten();
    let is_ours = |entry: &fs_err::DirEntry| entry.file_name().to_string_lossy().starts_with(PREFIX);
    let mut files: Vec<PathBuf> = entries.filter(is_ours).map(|entry| entry.path()).collect();
    files.sort();
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started() -> Event {
        Event::Started { epoch: 2, step: 20, epochs: 5, steps_per_epoch: 10, resumed: true }
    }

    #[test]
    fn a_batch_is_seen_while_it_lives() {
        let folder = tempfile::tempdir().unwrap();
        let results = folder.path().join("results");
        let live = Live::new(&results, ["a", "b", "sweep/c", "../d", "e/f/g", ""].map(str::to_owned).into_iter());
        live.watching("a", &mut ()).notice(&started());
        assert!(!results.exists(), "no folder is made for this");
        fs_err::create_dir(&results).unwrap();
        fs_err::write(results.join(".live-1.json"), "of a batch that was killed").unwrap();
        assert!(batches(&results).is_empty());
        live.watching("a", &mut ()).notice(&started());
        let batch = batches(&results).pop().unwrap();
        assert_eq!(batch.queue, ["a", "b", "sweep/c"]);
        let expected = Progress { name: "a".into(), epoch: 2, epochs: 5, step: 20, steps: 50, ..Progress::default() };
        assert_eq!(batch.progress, expected);
        assert!(!results.join(".live-1.json").exists());
        drop(live);
        assert_eq!(fs_err::read_dir(&results).unwrap().count(), 0);
    }
}
