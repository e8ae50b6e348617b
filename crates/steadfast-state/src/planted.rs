//! Bad variants of this crate, for the suite that has to catch each of them. Compiled in by the feature
//! `planted-faults` alone, and switched on by the environment variable `STEADFAST_PLANTED`.

use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};
use std::sync::OnceLock;

use rustix::fs::OFlags;

use crate::directory::Directory;

/// The variant that is switched on.
fn planted() -> Option<&'static str> {
    static PLANTED: OnceLock<Option<String>> = OnceLock::new();
    PLANTED.get_or_init(|| std::env::var("STEADFAST_PLANTED").ok()).as_deref()
}

/// Writes a file as a bad variant would; nothing when none of them is about writing.
pub(crate) fn write(
    directory: &Directory,
    name: &str,
    write: &impl Fn(&mut File) -> io::Result<()>,
) -> Option<io::Result<()>> {
    match planted()? {
        "no-file-fsync" => Some(through_a_rename(directory, name, write, false, true)),
        "no-folder-fsync" => Some(through_a_rename(directory, name, write, true, false)),
        "write-in-place" => Some(in_place(directory, name, write)),
        // The pointer is written, and then the file as it should be.
        "trust-pointer" => point_at(directory, name).err().map(Err),
        _ => None,
    }
}

/// The usual steps with one left out.
fn through_a_rename(
    directory: &Directory,
    name: &str,
    write: &impl Fn(&mut File) -> io::Result<()>,
    sync_file: bool,
    sync_folder: bool,
) -> io::Result<()> {
    let temporary = format!(".atomicwrite-{name}");
    let mut file = directory.open_file(&temporary, OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC)?;
    write(&mut file)?;
    if sync_file {
        file.sync_all()?;
    }
    rustix::fs::renameat(directory, &temporary, directory, name)?;
    if sync_folder {
        rustix::fs::fsync(directory)?;
    }
    Ok(())
}

fn in_place(directory: &Directory, name: &str, write: &impl Fn(&mut File) -> io::Result<()>) -> io::Result<()> {
    let mut file = directory.open_file(name, OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC)?;
    write(&mut file)?;
    file.sync_all()
}

/// Says which checkpoint is the newest before it is there.
fn point_at(directory: &Directory, name: &str) -> io::Result<()> {
    if name.starts_with("step-") {
        directory.open_file("latest", OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC)?.write_all(name.as_bytes())?;
    }
    Ok(())
}

/// The only checkpoint that a variant that trusts the pointer looks at.
pub(crate) fn pointed_at(directory: &Directory) -> Option<String> {
    (planted()? == "trust-pointer")
        .then(|| io::read_to_string(directory.open_file("latest", OFlags::RDONLY).ok()?).ok())?
}

/// An order of tensors that is another one in every process.
pub(crate) fn disorder<T>(items: &mut [T], name: impl Fn(&T) -> &str) {
    static STATE: OnceLock<RandomState> = OnceLock::new();
    if planted() == Some("hash-order") {
        let state = STATE.get_or_init(RandomState::new);
        items.sort_by_key(|item| state.hash_one(name(item)));
    }
}
