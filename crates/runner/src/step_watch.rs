//! Counts the steps of one start: to stop after so many, or to be struck down at a chosen place.

use std::cell::Cell;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rustix::process::{Signal, getpid, kill_process};
use serde::{Deserialize, Serialize};
use steadfast_experiment::{Event, Observer, StopSignal};

use crate::halting::HaltWatch;

/// A signal that the process sends itself, so that it arrives at an exact place. The kernel delivers it as any other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Strike {
    /// SIGKILL when the run has done so many steps.
    KillAfterStep(u64),
    /// SIGTERM when the run has done so many steps: it finishes the step and saves.
    TermAfterStep(u64),
    /// SIGKILL so many microseconds after the first file of a save has appeared.
    KillInSave(u64),
    /// SIGKILL so many microseconds after the start, wherever the process is then.
    KillAfterMicros(u64),
}

/// Counts the steps of one start.
pub(crate) struct StepWatch<'a> {
    stop: &'a dyn StopSignal,
    max_steps: Option<u64>,
    strike: Option<Strike>,
    checkpoints: PathBuf,
    halting: Option<HaltWatch>,
    done: Cell<u64>,
}

/// Passes events on, and counts those that are steps.
pub(crate) struct Counting<'a> {
    watch: &'a StepWatch<'a>,
    next: &'a mut dyn Observer,
    saved: Arc<AtomicBool>,
}

impl<'a> StepWatch<'a> {
    /// Watches a run whose checkpoints go to this folder.
    pub(crate) fn new(
        stop: &'a dyn StopSignal,
        max_steps: Option<u64>,
        strike: Option<Strike>,
        checkpoints: PathBuf,
    ) -> Self {
        Self { stop, max_steps, strike, checkpoints, halting: None, done: Cell::new(0) }
    }

    /// The same for a run that stops for a search.
    pub(crate) fn with_halting(self, halting: Option<HaltWatch>) -> Self {
        Self { halting, ..self }
    }

    /// An observer that counts.
    pub(crate) fn counting(&'a self, next: &'a mut dyn Observer) -> Counting<'a> {
        if let Some(Strike::KillAfterMicros(time)) = self.strike {
            in_background(move || {
                thread::sleep(Duration::from_micros(time));
                send(Signal::KILL);
            });
        }
        Counting { watch: self, next, saved: Arc::default() }
    }
}

impl StopSignal for StepWatch<'_> {
    fn requested(&self) -> bool {
        self.stop.requested()
            || self.halting.as_ref().is_some_and(HaltWatch::is_due)
            || self.max_steps.is_some_and(|most| self.done.get() >= most)
    }
}

impl Observer for Counting<'_> {
    fn notice(&mut self, event: &Event) {
        self.next.notice(event);
        if let Some(halting) = &self.watch.halting {
            halting.notice(event);
        }
        match (event, self.watch.strike) {
            (Event::Step { step, .. }, strike) => {
                self.watch.done.set(self.watch.done.get() + 1);
                match strike {
                    Some(Strike::KillAfterStep(at)) if at == *step => send(Signal::KILL),
                    Some(Strike::TermAfterStep(at)) if at == *step => send(Signal::TERM),
                    _ => {}
                }
            }
            (Event::Saving { .. }, Some(Strike::KillInSave(delay))) => self.lie_in_wait(delay),
            (Event::Saved { .. }, _) => self.saved.store(true, Ordering::SeqCst),
            _ => {}
        }
    }
}

impl Counting<'_> {
    /// Waits for the save that begins now to show itself on disk. A save that has nothing to write lets it pass.
    fn lie_in_wait(&mut self, delay: u64) {
        self.saved = Arc::default();
        let (saved, checkpoints) = (Arc::clone(&self.saved), self.watch.checkpoints.clone());
        let (ready, wait) = std::sync::mpsc::channel();
        in_background(move || {
            let _ = ready.send(());
            while !saved.load(Ordering::SeqCst) {
                if has_unfinished_write(&checkpoints) {
                    thread::sleep(Duration::from_micros(delay));
                    send(Signal::KILL);
                }
            }
        });
        // Whoever lies in wait is awake before the save goes on.
        let _ = wait.recv_timeout(Duration::from_secs(1));
    }
}

/// Whether a write is under way in a folder, or was cut off.
pub(crate) fn has_unfinished_write(folder: &std::path::Path) -> bool {
    let Ok(entries) = fs_err::read_dir(folder) else { return false };
    entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with(".atomicwrite"))
}

fn in_background(work: impl FnOnce() + Send + 'static) {
    // Without the thread the strike is left out, which whoever asked for it notices.
    let _ = thread::Builder::new().name("strike".to_owned()).spawn(work);
}

fn send(signal: Signal) {
    let _ = kill_process(getpid(), signal);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_counts_the_steps_of_this_start() {
        let watch = StepWatch::new(&(), Some(2), None, PathBuf::new());
        let mut events = Vec::new();
        for step in 11..=12 {
            assert!(!watch.requested());
            watch.counting(&mut events).notice(&Event::Step { epoch: 0, batch: 1, step, loss: 0.0, samples: 1 });
        }
        assert!(watch.requested());
        assert_eq!(events.len(), 2, "every event is passed on");
    }

    #[test]
    fn what_a_cut_off_save_leaves_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!has_unfinished_write(folder.path()));
        fs_err::create_dir(folder.path().join(".atomicwriteXXXXXX")).unwrap();
        assert!(has_unfinished_write(folder.path()));
    }
}
