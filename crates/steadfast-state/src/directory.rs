//! A folder held open, so that everything in it is reached through the folder itself and not through its path.
//!
//! Whoever swaps the folder for a symbolic link while a run works in it leads nothing astray:
//! the handle still points at the folder that was opened and locked.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, RenameFlags, Stat};
use rustix::io::Errno;

use crate::error::StateError;

/// Device and inode: the same file, whatever its name.
pub(crate) type Identity = (u64, u64);

/// An open folder, and the path under which people know it.
#[derive(Debug)]
pub(crate) struct Directory {
    handle: OwnedFd,
    path: PathBuf,
}

impl Directory {
    /// Opens a folder; the path may lead through symbolic links.
    pub(crate) fn open(path: &Path) -> Result<Self, StateError> {
        let handle = rustix::fs::openat(CWD, path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
            .map_err(StateError::io("open the folder", path))?;
        Ok(Self { handle, path: path.to_path_buf() })
    }

    /// Opens a folder inside this one; nothing when there is none, an error when something else has its name.
    pub(crate) fn child(&self, name: &str) -> Result<Option<Self>, StateError> {
        let path = self.path.join(name);
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match rustix::fs::openat(&self.handle, name, flags, Mode::empty()) {
            Ok(handle) => Ok(Some(Self { handle, path })),
            Err(Errno::NOENT) => Ok(None),
            Err(Errno::NOTDIR | Errno::LOOP) => {
                let found = self.stat(name)?.map_or("something that vanished", |stat| kind_of(&stat));
                Err(StateError::NotAFolder { path, found })
            }
            Err(errno) => Err(StateError::io("open the folder", &path)(errno)),
        }
    }

    /// Opens a folder inside this one, made first where it is missing.
    pub(crate) fn child_or_make(&self, name: &str) -> Result<Self, StateError> {
        match rustix::fs::mkdirat(&self.handle, name, Mode::from_raw_mode(0o777)) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(errno) => {
                return Err(StateError::io("make the folder", &self.path.join(name))(errno));
            }
        }
        let vanished = || StateError::io("open the folder", &self.path.join(name))(Errno::NOENT);
        self.child(name)?.ok_or_else(vanished)
    }

    /// Opens a file inside this folder, never through a symbolic link and never waiting for the other end of a pipe.
    pub(crate) fn open_file(&self, name: &str, flags: OFlags) -> io::Result<File> {
        let flags = flags | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        Ok(File::from(rustix::fs::openat(&self.handle, name, flags, Mode::from_raw_mode(0o666))?))
    }

    /// What stands under a name, itself and not what it may point at.
    pub(crate) fn stat(&self, name: &str) -> Result<Option<Stat>, StateError> {
        match rustix::fs::statat(&self.handle, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(StateError::io("look at", &self.path.join(name))(errno)),
        }
    }

    /// Names of everything inside, sorted; names that are not UTF-8 are none of ours and left out.
    pub(crate) fn names(&self) -> Result<Vec<String>, StateError> {
        let failed = |errno| StateError::io("list", &self.path)(errno);
        let mut names = Vec::new();
        for entry in Dir::read_from(&self.handle).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            match entry.file_name().to_str() {
                Ok("." | "..") | Err(_) => {}
                Ok(name) => names.push(name.to_owned()),
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    /// Renames within this folder; never onto an existing name.
    pub(crate) fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        match rustix::fs::renameat_with(&self.handle, from, &self.handle, to, RenameFlags::NOREPLACE) {
            // A file system without this flag: the lock keeps other writers away between the two calls.
            Err(Errno::INVAL | Errno::NOSYS) => {
                if rustix::fs::statat(&self.handle, to, AtFlags::SYMLINK_NOFOLLOW).is_ok() {
                    return Err(Errno::EXIST.into());
                }
                Ok(rustix::fs::renameat(&self.handle, from, &self.handle, to)?)
            }
            outcome => Ok(outcome?),
        }
    }

    /// Renames a file to the first free name of `numbered(1)`, `numbered(2)`, ...; returns that name.
    pub(crate) fn rename_aside(&self, from: &str, numbered: impl Fn(u32) -> String) -> Result<String, StateError> {
        let mut number = 1;
        loop {
            let to = numbered(number);
            match self.rename(from, &to) {
                Ok(()) => return Ok(to),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < u32::MAX => {
                    number += 1;
                }
                Err(error) => return Err(StateError::io("rename", &self.path.join(from))(error)),
            }
        }
    }

    /// Removes one file.
    pub(crate) fn remove_file(&self, name: &str) -> Result<(), StateError> {
        rustix::fs::unlinkat(&self.handle, name, AtFlags::empty())
            .map_err(StateError::io("remove", &self.path.join(name)))
    }

    /// Waits until the disk has every name in this folder.
    pub(crate) fn sync(&self) -> Result<(), StateError> {
        rustix::fs::fsync(&self.handle).map_err(StateError::io("sync the folder", &self.path))
    }

    /// The folder itself, whatever its name.
    pub(crate) fn identity(&self) -> Result<Identity, StateError> {
        let stat = rustix::fs::fstat(&self.handle).map_err(StateError::io("look at", &self.path))?;
        Ok(identity_of(&stat))
    }

    /// A path for libraries that take paths: through the handle where the system offers that, else the plain one.
    pub(crate) fn reach(&self, name: &str) -> PathBuf {
        let pinned = PathBuf::from(format!("/proc/self/fd/{}", self.handle.as_raw_fd()));
        let same =
            rustix::fs::stat(&pinned).is_ok_and(|stat| self.identity().is_ok_and(|own| own == identity_of(&stat)));
        if same { pinned.join(name) } else { self.path.join(name) }
    }

    /// The path under which people know this folder.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl AsFd for Directory {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.handle.as_fd()
    }
}

/// Device and inode of what was looked at.
#[expect(clippy::unnecessary_cast, reason = "the widths differ between operating systems")]
pub(crate) fn identity_of(stat: &Stat) -> Identity {
    (stat.st_dev as u64, stat.st_ino as u64)
}

/// What kind of thing was looked at, in words.
pub(crate) fn kind_of(stat: &Stat) -> &'static str {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => "a regular file",
        FileType::Directory => "a folder",
        FileType::Symlink => "a symbolic link",
        FileType::Fifo => "a named pipe",
        FileType::Socket => "a socket",
        FileType::CharacterDevice | FileType::BlockDevice => "a device",
        FileType::Unknown => "something unknown",
    }
}
