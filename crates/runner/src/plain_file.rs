//! Opening what lies in a results folder and may be anything by now.

use std::io;
use std::path::Path;

use fs_err::os::unix::fs::OpenOptionsExt;
use rustix::fs::OFlags;

/// Opens a file for reading; nothing where there is none, and no pipe or folder in its place.
///
/// # Errors
/// What the disk answered; a link in its place is not followed.
pub(crate) fn open(path: &Path) -> io::Result<Option<fs_err::File>> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    match fs_err::OpenOptions::new().read(true).custom_flags(flags).open(path) {
        Ok(file) => Ok(file.metadata()?.is_file().then_some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
