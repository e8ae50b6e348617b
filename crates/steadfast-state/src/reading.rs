//! Reading a file that anybody may have put there: no links, no pipes, no surprise in size, no memory map.

use std::fs::File;
use std::io::{self, Read};

use rustix::buffer::spare_capacity;
use rustix::fs::{Advice, FileType, OFlags};
use rustix::io::Errno;
use xxhash_rust::xxh3::Xxh3Default;

use crate::container::CHECKSUM_BYTES;
use crate::directory::{Directory, kind_of};
use crate::error::{Damage, StateError};

/// Bytes hashed at a time when a file is only verified.
const PIECE: usize = 256 * 1024;

/// Why a file was not read.
#[derive(Debug)]
pub(crate) enum ReadError {
    /// There is none.
    Missing,
    /// The file itself is at fault.
    Damage(Damage),
    /// Something else is at fault, such as missing rights or too many open files.
    Failed(StateError),
}

/// The whole content of a regular file.
pub(crate) fn read_whole(directory: &Directory, name: &str) -> Result<Vec<u8>, ReadError> {
    let (file, size) = open_regular(directory, name)?;
    let failed = |error: io::Error| classify(directory, name, error);
    let mut content = Vec::new();
    let too_large = || {
        let path = directory.path().join(name);
        ReadError::Failed(StateError::TooLarge { path, bytes: size, memory: memory() })
    };
    let fits = usize::try_from(size).ok().filter(|_| size <= memory());
    let capacity = fits.ok_or_else(too_large)?;
    content.try_reserve_exact(capacity).map_err(|_| too_large())?;
    // Never more than was reserved, even if the file grows meanwhile.
    while content.len() < capacity {
        match rustix::io::retry_on_intr(|| rustix::io::read(&file, spare_capacity(&mut content))) {
            Ok(0) => break,
            Ok(_) => {}
            Err(errno) => return Err(failed(errno.into())),
        }
    }
    Ok(content)
}

/// The checksum at the end of a checkpoint, after a look at every byte before it as it lies on the disk.
pub(crate) fn verify_seal(directory: &Directory, name: &str) -> Result<u128, ReadError> {
    let (mut file, size) = open_regular(directory, name)?;
    // Clean pages are dropped, so that what follows comes from the disk where it can; only a hint.
    let _ = rustix::fs::fadvise(&file, 0, None, Advice::DontNeed);
    let mut left =
        size.checked_sub(CHECKSUM_BYTES as u64).ok_or(ReadError::Damage(Damage::TooShort { bytes: size }))?;
    let mut hasher = Xxh3Default::new();
    let mut piece = vec![0; PIECE];
    while left > 0 {
        let wanted = usize::try_from(left).map_or(PIECE, |left| left.min(PIECE));
        let Some(target) = piece.get_mut(..wanted) else { break };
        file.read_exact(target).map_err(|error| classify(directory, name, error))?;
        hasher.update(target);
        left -= wanted as u64;
    }
    let mut seal = [0; CHECKSUM_BYTES];
    file.read_exact(&mut seal).map_err(|error| classify(directory, name, error))?;
    let (computed, recorded) = (hasher.digest128(), u128::from_be_bytes(seal));
    if computed == recorded { Ok(recorded) } else { Err(ReadError::Damage(Damage::Checksum { computed, recorded })) }
}

/// Opens a file for reading, and only if it is a regular one; its size comes along.
pub(crate) fn open_regular(directory: &Directory, name: &str) -> Result<(File, u64), ReadError> {
    // Looked at before opening, because opening a device may already do something.
    let found = directory.stat(name).map_err(ReadError::Failed)?.ok_or(ReadError::Missing)?;
    if FileType::from_raw_mode(found.st_mode) != FileType::RegularFile {
        return Err(ReadError::Damage(Damage::NotAFile(kind_of(&found))));
    }
    let file = directory.open_file(name, OFlags::RDONLY).map_err(|error| classify(directory, name, error))?;
    let stat = rustix::fs::fstat(&file).map_err(|errno| classify(directory, name, errno.into()))?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(ReadError::Damage(Damage::NotAFile(kind_of(&stat))));
    }
    Ok((file, u64::try_from(stat.st_size).unwrap_or(0)))
}

/// Tells a file that cannot be read from a machine that cannot read.
fn classify(directory: &Directory, name: &str, error: io::Error) -> ReadError {
    let is = |errno: Errno| error.raw_os_error() == Some(errno.raw_os_error());
    if error.kind() == io::ErrorKind::NotFound {
        ReadError::Missing
    } else if is(Errno::IO) || is(Errno::LOOP) || error.kind() == io::ErrorKind::UnexpectedEof {
        ReadError::Damage(Damage::Unreadable(error))
    } else {
        ReadError::Failed(StateError::Io { action: "read", path: directory.path().join(name), source: error })
    }
}

impl ReadError {
    /// The same as a plain error.
    pub(crate) fn into_state_error(self, directory: &Directory, name: &str) -> StateError {
        let path = directory.path().join(name);
        match self {
            Self::Missing => StateError::Io { action: "read", path, source: io::ErrorKind::NotFound.into() },
            Self::Damage(source) => StateError::Damaged { path, source },
            Self::Failed(error) => error,
        }
    }
}

/// Memory of this machine in bytes. A file larger than that was not written here, but may well be a good one of another
/// machine: it is refused, not condemned.
fn memory() -> u64 {
    let info = rustix::system::sysinfo();
    info.totalram.saturating_mul(u64::from(info.mem_unit)).max(1)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use rustix::fs::{CWD, FileType, Mode};

    use super::{ReadError, read_whole};
    use crate::directory::Directory;
    use crate::error::{Damage, StateError};

    #[test]
    fn only_regular_files_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs_err::write(at("plain"), b"content").unwrap();
        symlink("plain", at("link")).unwrap();
        rustix::fs::mknodat(CWD, at("pipe"), FileType::Fifo, Mode::RUSR, 0).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        fs_err::create_dir(at("folder")).unwrap();

        let directory = Directory::open(folder.path()).unwrap();
        assert_eq!(read_whole(&directory, "plain").unwrap(), b"content");
        assert!(matches!(read_whole(&directory, "none"), Err(ReadError::Missing)));
        for name in ["link", "pipe", "socket", "folder"] {
            let outcome = read_whole(&directory, name);
            assert!(matches!(outcome, Err(ReadError::Damage(Damage::NotAFile(_)))), "{name}: {outcome:?}");
        }
    }

    #[test]
    fn a_file_larger_than_memory_is_refused_without_allocating() {
        let folder = tempfile::tempdir().unwrap();
        let file = fs_err::File::create(folder.path().join("sparse")).unwrap();
        file.set_len(1 << 43).unwrap();
        let directory = Directory::open(folder.path()).unwrap();
        let outcome = read_whole(&directory, "sparse");
        assert!(matches!(outcome, Err(ReadError::Failed(StateError::TooLarge { .. }))), "{outcome:?}");
    }
}
