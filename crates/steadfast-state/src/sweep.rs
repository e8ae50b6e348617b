//! Leftovers of a process that was killed in the middle of a write. Called under the lock: nobody else is writing.

use rustix::fs::FileType;

use crate::directory::Directory;
use crate::error::StateError;
use crate::generation::TRASH_PREFIX;

/// Prefix of the temporary folders of the `atomicwrites` crate.
const STAGING_PREFIX: &str = ".atomicwrite";

/// Removes half-written files and checkpoints on their way out; returns their names.
///
/// A leftover that cannot be removed is reported and left: no reader takes it for anything.
pub(crate) fn sweep(directory: &Directory) -> Result<Vec<String>, StateError> {
    let mut removed = Vec::new();
    for name in directory.names()? {
        if !name.starts_with(STAGING_PREFIX) && !name.starts_with(TRASH_PREFIX) {
            continue;
        }
        match remove(directory, &name) {
            Ok(()) => removed.push(name),
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, "leftover of an interrupted write stays");
            }
        }
    }
    if !removed.is_empty() {
        let folder = directory.path().display();
        tracing::info!(%folder, removed = removed.join(", "), "removed leftovers of an interrupted write");
    }
    Ok(removed)
}

fn remove(directory: &Directory, name: &str) -> Result<(), StateError> {
    let is_folder =
        directory.stat(name)?.is_some_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Directory);
    if is_folder {
        // Links inside are removed, never followed.
        fs_err::remove_dir_all(directory.reach(name)).map_err(StateError::io("remove", &directory.path().join(name)))
    } else {
        directory.remove_file(name)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::{Directory, sweep};

    #[test]
    fn leftovers_go_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs_err::create_dir(at("target")).unwrap();
        fs_err::write(at("target/precious"), b"x").unwrap();
        fs_err::create_dir(at(".atomicwriteAb12")).unwrap();
        fs_err::write(at(".atomicwriteAb12/tmpfile.tmp"), b"half").unwrap();
        symlink(at("target"), at(".atomicwriteAb12/inner")).unwrap();
        symlink(at("target"), at(".atomicwriteLink")).unwrap();
        fs_err::write(at(".trash-1-step-000000000001.safetensors"), b"old").unwrap();
        fs_err::write(at(".bad-step-000000000002.safetensors"), b"bad").unwrap();
        fs_err::write(at("step-000000000003.safetensors"), b"good").unwrap();

        let directory = Directory::open(folder.path()).unwrap();
        let removed = sweep(&directory).unwrap();
        assert_eq!(removed, [".atomicwriteAb12", ".atomicwriteLink", ".trash-1-step-000000000001.safetensors"]);
        let left = [".bad-step-000000000002.safetensors", "step-000000000003.safetensors", "target"];
        assert_eq!(directory.names().unwrap(), left);
        assert!(at("target/precious").exists());
        assert!(sweep(&directory).unwrap().is_empty());
    }
}
