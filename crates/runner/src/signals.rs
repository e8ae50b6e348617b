//! SIGINT, SIGTERM and SIGHUP: a request to finish the step, save and end.
//!
//! A handler only sets a flag. The supervisor passes the request on to its worker, which lives in a process group of
//! its own, so that a Ctrl-C at the terminal reaches each process once.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::iterator::Signals;
use steadfast_experiment::StopSignal;

use crate::exit_code::Exit;

/// Whether, and how, the batch was asked to stop.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stop {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    requested: AtomicBool,
    /// The first signal, 0 before it.
    signal: AtomicI32,
    /// The worker that has to be told. Locked while a signal is sent, so that a number is never used after its
    /// process is gone.
    worker: Mutex<Option<Pid>>,
}

/// What the listening thread tells about a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notice {
    /// The first one: the step is finished and saved.
    Stopping,
    /// Ctrl-C a second time: the program ends now.
    Quitting,
}

/// A write beyond a limit on file sizes shall be an error like a full disk, not the end of the process.
pub(crate) fn survive_file_limit() -> io::Result<()> {
    signal_hook::flag::register(SIGXFSZ, Arc::default()).map(drop)
}

impl Stop {
    /// Listens for signals from now on; `notice` is called from the listening thread.
    pub(crate) fn listen(notice: impl Fn(Notice) + Send + 'static) -> io::Result<Self> {
        survive_file_limit()?;
        let stop = Self::default();
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
        let shared = Arc::clone(&stop.shared);
        thread::Builder::new().name("signals".to_owned()).spawn(move || {
            for signal in signals.forever() {
                if shared.signal.compare_exchange(0, signal, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
                    notice(Notice::Stopping);
                    shared.requested.store(true, Ordering::SeqCst);
                    shared.tell_worker(Signal::TERM);
                } else if signal == SIGINT {
                    // Quitting at once is safe: a checkpoint is either whole or not there.
                    shared.tell_worker(Signal::KILL);
                    notice(Notice::Quitting);
                    quit(Exit::Interrupted);
                }
            }
        })?;
        Ok(stop)
    }

    /// Asks for the same from inside the program, as when the time is up.
    pub(crate) fn request(&self) {
        let _ = self.shared.signal.compare_exchange(0, SIGTERM, Ordering::SeqCst, Ordering::SeqCst);
        self.shared.requested.store(true, Ordering::SeqCst);
        self.shared.tell_worker(Signal::TERM);
    }

    /// From now on signals are passed on to this worker; one that came before is passed on at once.
    pub(crate) fn watch(&self, worker: Option<Pid>) {
        *self.shared.worker.lock().unwrap_or_else(PoisonError::into_inner) = worker;
        if self.requested() {
            self.shared.tell_worker(Signal::TERM);
        }
    }

    /// How the program ends after a stop.
    pub(crate) fn exit(&self) -> Option<Exit> {
        match self.shared.signal.load(Ordering::SeqCst) {
            0 => None,
            SIGINT => Some(Exit::Interrupted),
            _ => Some(Exit::Terminated),
        }
    }
}

impl StopSignal for Stop {
    fn requested(&self) -> bool {
        self.shared.requested.load(Ordering::Relaxed)
    }
}

impl Shared {
    fn tell_worker(&self, signal: Signal) {
        let worker = self.worker.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(worker) = *worker {
            // A worker that has just ended cannot be told anything, and need not.
            let _ = kill_process(worker, signal);
        }
    }
}

#[expect(
    clippy::exit,
    clippy::disallowed_methods,
    reason = "the user asked twice to be gone; nothing is left to clean up"
)]
fn quit(exit: Exit) -> ! {
    std::process::exit(exit.code().into())
}
