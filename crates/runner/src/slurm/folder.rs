//! The folder of a job: its script and its frozen configs, all there or not there at all.

use std::io;
use std::path::{Path, PathBuf};

use steadfast_state::write_file;

use super::script::config_name;
use crate::batch::Queued;

/// Where the folders of jobs are, inside the results folder. No run can have this name.
const JOBS: &str = ".slurm";

/// The folder that the next job would get.
pub(super) fn next(results: &Path) -> PathBuf {
    let jobs = results.join(JOBS);
    let taken = fs_err::read_dir(&jobs).into_iter().flatten().flatten();
    let number = |name: &str| name.parse::<u64>().ok();
    let last = taken.filter_map(|entry| number(&entry.file_name().to_string_lossy())).max().unwrap_or(0);
    jobs.join(format!("{:04}", last.saturating_add(1)))
}

/// Writes a job: made beside its place and moved there whole. The script is told where that is.
pub(super) fn write(results: &Path, queue: &[Queued], script: impl Fn(&Path) -> Vec<u8>) -> io::Result<PathBuf> {
    const TRIES: u32 = 100;
    let jobs = results.join(JOBS);
    fs_err::create_dir_all(&jobs)?;
    let made = tempfile::Builder::new().prefix(".new-").tempdir_in(&jobs)?;
    let configs = made.path().join("configs");
    fs_err::create_dir(&configs)?;
    for (index, queued) in queue.iter().enumerate() {
        write_file(&configs.join(config_name(index + 1)), &queued.plan.config_json).map_err(io::Error::other)?;
    }
    for _ in 0..TRIES {
        let place = next(results);
        write_file(&made.path().join("job.sh"), &script(&place)).map_err(io::Error::other)?;
        // A folder with something in it is never replaced: somebody else was faster.
        if fs_err::rename(made.path(), &place).is_ok() {
            let _ = made.keep();
            fs_err::File::open(&jobs)?.sync_all()?;
            return Ok(place);
        }
    }
    Err(io::Error::other(format!("no free number in {}", jobs.display())))
}
