//! Is there room? Asked before a byte is written, so that a full disk is met with the old files untouched.

use std::fs::File;
use std::io;

use rustix::fs::FallocateFlags;
use rustix::io::Errno;

use crate::directory::Directory;
use crate::error::StateError;

/// Blocks set aside for what the file system itself writes along with a file.
const SPARE_BLOCKS: u64 = 16;

/// A temporary folder and the file in it.
const INODES: u64 = 2;

/// Refuses when a file of `bytes` more cannot fit beside what is there.
pub(crate) fn require(directory: &Directory, name: &str, bytes: u64) -> Result<(), StateError> {
    require_files(directory, name, bytes, INODES)
}

/// Refuses when `bytes` more in `inodes` files cannot fit beside what is there.
pub(crate) fn require_files(directory: &Directory, name: &str, bytes: u64, inodes: u64) -> Result<(), StateError> {
    let path = || directory.path().join(name);
    let room =
        rustix::fs::fstatvfs(directory).map_err(StateError::io("measure the free space at", directory.path()))?;
    let block = room.f_frsize.max(1);
    let needed = bytes.div_ceil(block).saturating_add(SPARE_BLOCKS).saturating_mul(block);
    let available = room.f_bavail.saturating_mul(block);
    if available < needed {
        return Err(StateError::DiskFull { path: path(), needed, available });
    }
    // File systems that make inodes as they go report none at all.
    if room.f_files > 0 && room.f_favail < inodes {
        return Err(StateError::NoInodes { path: path(), needed: inodes, available: room.f_favail });
    }
    Ok(())
}

/// Reserves the blocks of a file that is about to be written, where the file system can do that.
pub(crate) fn reserve(file: &File, bytes: u64) -> io::Result<()> {
    if bytes == 0 {
        return Ok(());
    }
    match rustix::io::retry_on_intr(|| rustix::fs::fallocate(file, FallocateFlags::empty(), 0, bytes)) {
        Ok(()) | Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

/// The answer "no space left" in numbers; every other answer as it is.
pub(crate) fn explain(directory: &Directory, name: &str, bytes: u64, source: io::Error) -> StateError {
    let path = directory.path().join(name);
    if source.kind() == io::ErrorKind::StorageFull {
        // What was free a moment ago is used up: by the file itself, which is gone by now, or by somebody else.
        let available = rustix::fs::fstatvfs(directory).map_or(0, |room| room.f_bavail.saturating_mul(room.f_frsize));
        return match require(directory, name, bytes) {
            Err(refusal @ (StateError::DiskFull { .. } | StateError::NoInodes { .. })) => refusal,
            _ => StateError::DiskFull { path, needed: bytes, available },
        };
    }
    StateError::Io { action: "write", path, source }
}

#[cfg(test)]
mod tests {
    use super::{Directory, StateError, explain, require};

    #[test]
    fn more_than_any_disk_holds_is_refused_in_numbers() {
        let folder = tempfile::tempdir().unwrap();
        let directory = Directory::open(folder.path()).unwrap();
        require(&directory, "small", 1).unwrap();
        let error = require(&directory, "huge", u64::MAX).unwrap_err();
        let StateError::DiskFull { needed, available, .. } = &error else { panic!("{error}") };
        assert!(needed > available);
        assert!(error.to_string().starts_with(&format!("disk full: needs {needed} bytes, has {available} bytes")));
    }

    #[test]
    fn only_a_full_disk_is_called_full() {
        let folder = tempfile::tempdir().unwrap();
        let directory = Directory::open(folder.path()).unwrap();
        let full = explain(&directory, "x", 10, rustix::io::Errno::NOSPC.into());
        assert!(matches!(full, StateError::DiskFull { .. }), "{full}");
        let broken = explain(&directory, "x", 10, rustix::io::Errno::IO.into());
        assert!(matches!(broken, StateError::Io { .. }), "{broken}");
    }
}
