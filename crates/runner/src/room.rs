//! Whether the disk has room for what a batch will keep.

use std::path::{Path, PathBuf};

use steadfast_config::Problem;

use crate::number::bytes;

/// What is wrong if `needed` bytes do not fit where results are kept.
pub(crate) fn problem(results: &Path, needed: u64) -> Option<Problem> {
    let free = free_bytes(results)?;
    if needed <= free {
        return None;
    }
    let message = format!(
        "the checkpoints and models of this batch take about {}, but the disk has {} free",
        bytes(needed),
        bytes(free)
    );
    let mut problem = Problem::file(results, message);
    problem.help("make room, keep results elsewhere with --results, or lower `checkpoint.keep`");
    Some(problem)
}

/// What is free for this user where a folder lies, or will lie.
fn free_bytes(folder: &Path) -> Option<u64> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let absolute: PathBuf = std::path::absolute(folder).ok()?;
    let existing = absolute.ancestors().find(|folder| folder.exists())?;
    let space = rustix::fs::statvfs(existing).ok()?;
    Some(space.f_bavail.saturating_mul(space.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_disk_holds_is_told() {
        let folder = Path::new("not/there/yet");
        assert!(problem(folder, 0).is_none());
        let told = problem(folder, u64::MAX).unwrap();
        assert!(told.message().contains("16384.0 PiB"), "{}", told.message());
    }
}
