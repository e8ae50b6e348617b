//! A file beside a run that can be made again from what the run has saved: event files for other programs.
//!
//! Nothing here is part of a run's state, and no reader of a run looks at it. So what is appended is not synced: it can be
//! made again.

use std::io::{Seek, SeekFrom, Write};
use std::path::PathBuf;

use rustix::fs::OFlags;

use crate::commit;
use crate::directory::Directory;
use crate::document;
use crate::error::StateError;
use crate::sweep::sweep;

/// A file in a folder of its own inside a run folder.
#[derive(Debug)]
pub struct SideFile {
    directory: Directory,
    name: &'static str,
}

impl SideFile {
    /// Opens the folder, made first where it is missing, and removes what a killed writer left in it.
    pub(crate) fn open(run: &Directory, folder: &'static str, name: &'static str) -> Result<Self, StateError> {
        let directory = run.child_or_make(folder)?;
        sweep(&directory)?;
        Ok(Self { directory, name })
    }

    /// Where it is, for messages.
    pub fn path(&self) -> PathBuf {
        self.directory.path().join(self.name)
    }

    /// Its bytes; nothing when there is none.
    pub fn read(&self) -> Result<Option<Vec<u8>>, StateError> {
        document::read_optional(&self.directory, self.name)
    }

    /// Replaces it as a whole: whoever reads it sees the old one or the new one.
    pub fn replace(&self, bytes: &[u8]) -> Result<(), StateError> {
        commit::replace(&self.directory, self.name, bytes)
    }

    /// Cuts it to `length` and writes `bytes` there. A kill can leave a part of them: the writer has to know its own.
    pub fn append(&self, length: u64, bytes: &[u8]) -> Result<(), StateError> {
        let failed = |error: std::io::Error| StateError::io("append to", &self.path())(error);
        let mut file = self.directory.open_file(self.name, OFlags::WRONLY).map_err(failed)?;
        file.set_len(length)
            .and_then(|()| file.seek(SeekFrom::Start(length)))
            .and_then(|_| file.write_all(bytes))
            .map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_file_is_made_cut_and_continued() {
        let folder = tempfile::tempdir().unwrap();
        let run = Directory::open(folder.path()).unwrap();
        let file = SideFile::open(&run, "aside", "events").unwrap();
        assert_eq!(file.read().unwrap(), None);
        assert!(file.append(0, b"x").is_err(), "there is none to continue");
        file.replace(b"onetwo").unwrap();
        file.append(3, b"three").unwrap();
        assert_eq!(file.read().unwrap().unwrap(), b"onethree");
    }

    #[test]
    fn links_are_not_followed_and_leftovers_go() {
        let folder = tempfile::tempdir().unwrap();
        let run = Directory::open(folder.path()).unwrap();
        fs_err::create_dir_all(folder.path().join("aside/.atomicwriteAb")).unwrap();
        fs_err::write(folder.path().join("precious"), b"precious").unwrap();
        symlink(folder.path().join("precious"), folder.path().join("aside/events")).unwrap();
        let file = SideFile::open(&run, "aside", "events").unwrap();
        assert!(!folder.path().join("aside/.atomicwriteAb").exists());
        assert!(file.append(0, b"x").is_err());
        file.replace(b"new").unwrap();
        assert_eq!(fs_err::read(folder.path().join("precious")).unwrap(), b"precious");
        symlink(folder.path(), folder.path().join("linked")).unwrap();
        assert!(SideFile::open(&run, "linked", "events").is_err());
    }
}
