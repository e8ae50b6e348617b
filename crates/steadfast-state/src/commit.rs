//! One file, written so that it is there whole or not at all, and still there after a power cut.
//!
//! The steps are those of the `atomicwrites` crate: a new file in a temporary folder beside the target, write,
//! fsync the file, rename, fsync the folder. Added here: the blocks are reserved before the first byte, the outcome has
//! three values instead of two, and an answer that may be a passing fault gets one more try with a new file.

use std::cell::Cell;
use std::fs::File;
use std::io;

use atomicwrites::{AtomicFile, OverwriteBehavior};
use rustix::io::Errno;

use crate::directory::{Directory, Identity, identity_of};
use crate::error::StateError;
use crate::space;

pub(crate) use atomicwrites::OverwriteBehavior::{AllowOverwrite, DisallowOverwrite};

/// Why a file is not surely on disk.
#[derive(Debug)]
pub(crate) enum CommitError {
    /// The target is as it was before.
    NotCommitted(StateError),
    /// The new file is in place, but the folder's fsync failed.
    Uncertain(io::Error),
}

/// Makes `name` a file of `length` bytes with the content that `write` produces.
pub(crate) fn commit(
    directory: &Directory,
    name: &str,
    overwrite: OverwriteBehavior,
    length: u64,
    write: impl Fn(&mut File) -> io::Result<()>,
) -> Result<(), CommitError> {
    let not_committed = |source| CommitError::NotCommitted(space::explain(directory, name, length, source));
    match attempt(directory, name, overwrite, length, &write) {
        // After a failed fsync the kernel calls the lost pages clean, so a second fsync of the same file proves nothing.
        // The file is gone by now; a new one is written, once.
        Err(Outcome::Before(source)) if may_pass(&source) => {
            let file = directory.path().join(name);
            tracing::warn!(file = %file.display(), error = %source, "write failed, writing the file anew");
            attempt(directory, name, overwrite, length, &write)
        }
        outcome => outcome,
    }
    .map_err(|outcome| match outcome {
        Outcome::Before(source) => not_committed(source),
        Outcome::After(source) => CommitError::Uncertain(source),
    })
}

/// Replaces the file `name` by `bytes`; the outcome as a plain error.
pub(crate) fn replace(directory: &Directory, name: &str, bytes: &[u8]) -> Result<(), StateError> {
    use std::io::Write;

    space::require(directory, name, bytes.len() as u64)?;
    commit(directory, name, AllowOverwrite, bytes.len() as u64, |file| file.write_all(bytes))
        .map_err(|error| error.into_state_error(directory, name))
}

impl CommitError {
    /// The outcome as a plain error.
    pub(crate) fn into_state_error(self, directory: &Directory, name: &str) -> StateError {
        match self {
            Self::NotCommitted(error) => error,
            Self::Uncertain(source) => StateError::Uncertain { path: directory.path().join(name), source },
        }
    }
}

/// On which side of the rename an attempt failed.
enum Outcome {
    Before(io::Error),
    After(io::Error),
}

fn attempt(
    directory: &Directory,
    name: &str,
    overwrite: OverwriteBehavior,
    length: u64,
    write: impl Fn(&mut File) -> io::Result<()>,
) -> Result<(), Outcome> {
    #[cfg(feature = "planted-faults")]
    if let Some(outcome) = crate::planted::write(directory, name, &write) {
        return outcome.map_err(Outcome::Before);
    }
    let written: Cell<Option<Identity>> = Cell::new(None);
    let outcome = AtomicFile::new(directory.reach(name), overwrite).write(|file| {
        written.set(Some(identity_of(&rustix::fs::fstat(&*file)?)));
        space::reserve(file, length)?;
        write(file)
    });
    outcome.map_err(|error| {
        // `atomicwrites` reports a failed rename and a failed fsync after the rename alike,
        // so the disk is asked whether the new file has arrived.
        let arrived = directory.stat(name).ok().flatten().map(|stat| identity_of(&stat));
        let renamed = arrived.is_some() && arrived == written.get();
        if renamed { Outcome::After(error.into()) } else { Outcome::Before(error.into()) }
    })
}

/// Whether the same write may succeed a moment later.
fn may_pass(error: &io::Error) -> bool {
    const PASSING: [Errno; 4] = [Errno::IO, Errno::INTR, Errno::AGAIN, Errno::TIMEDOUT];
    PASSING.iter().any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;

    use rustix::io::Errno;

    use super::{AllowOverwrite, CommitError, DisallowOverwrite, commit};
    use crate::directory::Directory;
    use crate::error::StateError;

    fn names(directory: &Directory) -> Vec<String> {
        directory.names().unwrap()
    }

    #[test]
    fn a_committed_file_has_the_mode_of_any_other_file() {
        let folder = tempfile::tempdir().unwrap();
        let directory = Directory::open(folder.path()).unwrap();
        commit(&directory, "new", DisallowOverwrite, 3, |file| file.write_all(b"abc")).unwrap();
        fs_err::write(folder.path().join("plain"), b"abc").unwrap();
        let mode = |name: &str| fs_err::metadata(folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode("new"), mode("plain"));
        assert_eq!(fs_err::read(folder.path().join("new")).unwrap(), b"abc");
        assert_eq!(names(&directory), ["new", "plain"]);
    }

    #[test]
    fn an_existing_file_is_replaced_only_when_asked() {
        let folder = tempfile::tempdir().unwrap();
        let directory = Directory::open(folder.path()).unwrap();
        let put = |overwrite, bytes: &'static [u8]| {
            commit(&directory, "file", overwrite, bytes.len() as u64, |file| file.write_all(bytes))
        };
        put(DisallowOverwrite, b"first").unwrap();
        assert!(matches!(put(DisallowOverwrite, b"second"), Err(CommitError::NotCommitted(_))));
        assert_eq!(fs_err::read(folder.path().join("file")).unwrap(), b"first");
        put(AllowOverwrite, b"third").unwrap();
        assert_eq!(fs_err::read(folder.path().join("file")).unwrap(), b"third");
        assert_eq!(names(&directory), ["file"]);
    }

    /// Writes until `failures` attempts have failed with `errno`; returns the outcome and the number of attempts.
    fn commit_with_faults(failures: u32, errno: Errno) -> (Result<(), CommitError>, u32) {
        let folder = tempfile::tempdir().unwrap();
        let directory = Directory::open(folder.path()).unwrap();
        let attempts = Cell::new(0);
        let outcome = commit(&directory, "file", DisallowOverwrite, 1, |file| {
            attempts.set(attempts.get() + 1);
            if attempts.get() <= failures { Err(errno.into()) } else { file.write_all(b"x") }
        });
        assert_eq!(names(&directory).len(), usize::from(outcome.is_ok()), "nothing is left behind");
        (outcome, attempts.get())
    }

    #[test]
    fn a_passing_fault_gets_one_new_file_and_no_more() {
        assert!(matches!(commit_with_faults(1, Errno::IO), (Ok(()), 2)));
        assert!(matches!(commit_with_faults(2, Errno::IO), (Err(CommitError::NotCommitted(_)), 2)));
        assert!(matches!(commit_with_faults(1, Errno::ROFS), (Err(CommitError::NotCommitted(_)), 1)));
        let (full, attempts) = commit_with_faults(1, Errno::NOSPC);
        assert!(matches!(full, Err(CommitError::NotCommitted(StateError::DiskFull { .. }))), "{full:?}");
        assert_eq!(attempts, 1);
    }
}
