//! One writer per run folder.
//!
//! The lock is the kernel's, on `.lock` in the run folder: it dies with its process, so there are no stale locks,
//! and the file is never removed, so two processes never lock two different files of the same name.
//! What the file says is for messages only.

use std::fs::{File, TryLockError};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};

use crate::directory::{Directory, kind_of};
use crate::error::{Damage, StateError};
use crate::process::{self, Process};

/// Name of the lock file.
pub(crate) const LOCK_FILE: &str = ".lock";

/// A reader that asks whether a run is running holds the lock for a moment, so one refusal is not taken for an answer.
const GLIMPSE: Duration = Duration::from_millis(200);

/// Pause between two tries.
const PAUSE: Duration = Duration::from_millis(20);

/// Longest lock file that is read, in bytes.
const CONTENT_LIMIT: u64 = 4096;

/// What the holder of a lock says about itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Holder {
    process: Process,
    supervisor: Option<Process>,
    boot_id: Option<String>,
    pub(crate) host: String,
    pub(crate) since: String,
}

impl Holder {
    /// This process at this moment, started by the process with number `supervisor`.
    #[expect(clippy::disallowed_methods, reason = "the lock file is for messages and never compared")]
    pub(crate) fn own(supervisor: Option<u32>) -> Self {
        Self {
            process: Process::with_pid(std::process::id()),
            supervisor: supervisor.map(Process::with_pid),
            boot_id: process::boot_id(),
            host: process::host(),
            since: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
        }
    }

    /// Process number of the holder.
    pub(crate) fn pid(&self) -> u32 {
        self.process.pid
    }

    /// Whether nobody waits for this process any more: it or its supervisor is gone, and it is about to end.
    fn is_orphan(&self) -> bool {
        let here = self.host == process::host() && self.boot_id == process::boot_id();
        let dead = |process: &Process| !process.is_alive();
        here && (dead(&self.process) || self.supervisor.as_ref().is_some_and(dead))
    }
}

/// The right to write into a run folder, as long as it lives.
#[derive(Debug)]
#[must_use = "dropping the lock lets another process into the run folder"]
pub(crate) struct RunLock {
    file: File,
}

impl Drop for RunLock {
    /// Lets go of the lock itself, not only of this handle: a child process that another thread is starting at this
    /// moment still has a copy of the handle, and would keep the lock until it has become another program.
    fn drop(&mut self) {
        // Closing the file does the rest, should this fail.
        let _ = self.file.unlock();
    }
}

/// Takes the lock of a run folder, or says who holds it.
///
/// An orphan, a process whose supervisor died, is given `grace` to finish its last save.
pub(crate) fn acquire(directory: &Directory, holder: &Holder, grace: Duration) -> Result<RunLock, StateError> {
    let path = directory.path().join(LOCK_FILE);
    let file = open(directory, OFlags::RDWR | OFlags::CREATE)?.ok_or_else(|| StateError::Io {
        action: "make",
        path: path.clone(),
        source: std::io::ErrorKind::NotFound.into(),
    })?;
    let start = Instant::now();
    let mut waiting = false;
    loop {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::Error(source)) => {
                return Err(StateError::Io { action: "lock", path, source });
            }
            Err(TryLockError::WouldBlock) => {
                let other = read(&file);
                let orphan = other.as_ref().is_some_and(Holder::is_orphan);
                if start.elapsed() >= if orphan { grace.max(GLIMPSE) } else { GLIMPSE } {
                    return Err(held(directory.path().to_path_buf(), other));
                }
                if orphan && !waiting {
                    waiting = true;
                    tracing::warn!(folder = %directory.path().display(), "waiting for a worker without supervisor to end");
                }
                std::thread::sleep(PAUSE);
            }
        }
    }
    write(&file, holder).map_err(StateError::io("write", &path))?;
    Ok(RunLock { file })
}

/// Whether somebody writes into a run folder.
pub(crate) enum Occupancy {
    /// Nobody does.
    Free,
    /// Somebody does, and may have said who.
    Held(Option<Holder>),
}

/// Whether somebody holds the lock right now, without taking it for longer than a moment.
pub(crate) fn occupancy(directory: &Directory) -> Result<Occupancy, StateError> {
    let Some(file) = open(directory, OFlags::RDONLY)? else { return Ok(Occupancy::Free) };
    match file.try_lock_shared() {
        Ok(()) => {
            // As for a `RunLock`: not only closed, but let go.
            let _ = file.unlock();
            Ok(Occupancy::Free)
        }
        Err(TryLockError::WouldBlock) => Ok(Occupancy::Held(read(&file))),
        Err(TryLockError::Error(source)) => {
            Err(StateError::Io { action: "lock", path: directory.path().join(LOCK_FILE), source })
        }
    }
}

fn open(directory: &Directory, flags: OFlags) -> Result<Option<File>, StateError> {
    let path = directory.path().join(LOCK_FILE);
    // Looked at first, because opening a device may already do something.
    if let Some(found) = directory.stat(LOCK_FILE)?.map(|stat| kind_of(&stat)).filter(|kind| *kind != "a regular file")
    {
        return Err(StateError::Damaged { path, source: Damage::NotAFile(found) });
    }
    match directory.open_file(LOCK_FILE, flags) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(StateError::Io { action: "open", path, source }),
    }
}

fn held(path: PathBuf, holder: Option<Holder>) -> StateError {
    let pid = holder.as_ref().map(Holder::pid);
    let (host, since) = holder.map(|holder| (holder.host, holder.since)).unwrap_or_default();
    StateError::Held { path, pid, host, since }
}

fn read(file: &File) -> Option<Holder> {
    let mut content = vec![0; usize::try_from(CONTENT_LIMIT).ok()?];
    let length = file.read_at(&mut content, 0).ok()?;
    let mut holder: Holder = serde_json::from_slice(content.get(..length)?).ok()?;
    // Anybody may have written this, and it will be printed.
    for text in [&mut holder.host, &mut holder.since] {
        text.retain(|character| !character.is_control());
    }
    Some(holder)
}

fn write(file: &File, holder: &Holder) -> std::io::Result<()> {
    let content = serde_json::to_vec(holder)?;
    file.set_len(0)?;
    file.write_all_at(&content, 0)
}
