//! The results folder: opening a run for writing, setting one aside, looking at any of them.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::directory::{Directory, identity_of};
use crate::document::{self, Document};
use crate::error::{SkippedGeneration, StateError};
use crate::generation::CHECKPOINTS;
use crate::lock::{self, Holder, RunLock};
use crate::metrics_log::METRICS_FILE;
use crate::model_file::{self, ModelFile};
use crate::recovery::{self, Found, Recovery};
use crate::run_folder::RunFolder;
use crate::side_file::SideFile;
use crate::summary::{self, RunSummary};
use crate::sweep::sweep;
use crate::sweep_folder::{MARKER, SweepDocument, SweepFolder, is_sweep};
use crate::tensor_data::TensorMap;

/// Longest name of a run that can be opened, in bytes.
const NAME_LIMIT: usize = 64;

/// Longest name of a run that can be looked at: one set aside has a longer name.
const SHOWN_NAME_LIMIT: usize = 255;

/// How often a folder that is moved away between opening and locking is looked up again.
const LOOKUPS: u32 = 16;

/// Opens the run folders inside one results folder.
#[derive(Debug, Clone)]
pub struct StateManager {
    results: PathBuf,
    /// The sweep inside the results folder whose runs these are.
    sweep: Option<String>,
    supervisor: Option<u32>,
    orphan_grace: Duration,
}

impl StateManager {
    /// Works in this results folder, which is made when the first run is opened.
    pub fn new(results: impl Into<PathBuf>) -> Self {
        Self { results: results.into(), sweep: None, supervisor: None, orphan_grace: Duration::from_secs(30) }
    }

    /// Says that this process is a worker of the process with this number.
    ///
    /// Should the supervisor die, other processes know that nobody waits for this one, and give it time to finish.
    #[must_use = "the manager is returned, not changed in place"]
    pub fn with_supervisor(mut self, pid: u32) -> Self {
        self.supervisor = Some(pid);
        self
    }

    /// Sets how long to wait for a worker whose supervisor died; 30 seconds by default.
    #[must_use = "the manager is returned, not changed in place"]
    pub fn with_orphan_grace(mut self, grace: Duration) -> Self {
        self.orphan_grace = grace;
        self
    }

    /// The results folder.
    pub fn results(&self) -> &Path {
        &self.results
    }

    /// The sweep whose runs these are, if they are those of one.
    pub fn sweep(&self) -> Option<&str> {
        self.sweep.as_deref()
    }

    /// The same for the runs of a sweep: they lie in a folder of their own inside the results folder.
    ///
    /// # Errors
    /// [`StateError::Name`] when the name could lead elsewhere.
    pub fn in_sweep(&self, name: &str) -> Result<Self, StateError> {
        check_name(name, SHOWN_NAME_LIMIT)?;
        Ok(Self { sweep: Some(name.to_owned()), ..self.clone() })
    }

    /// Opens the folder of a sweep for writing: made if missing, locked, and cleared of what interrupted writes left.
    ///
    /// # Errors
    /// [`StateError::Held`] when another process works on the sweep, [`StateError::Taken`] when a run has the name.
    pub fn open_sweep(&self, name: &str) -> Result<SweepFolder, StateError> {
        check_name(name, NAME_LIMIT)?;
        let results = make_results(&self.results)?;
        if summary::is_run(&results, name)? {
            return Err(taken(&results, name, "a run"));
        }
        let directory = results.child_or_make(name)?;
        let marker = directory.child_or_make(MARKER)?;
        let lock = lock::acquire(&marker, &Holder::own(self.supervisor), self.orphan_grace)?;
        sweep(&directory)?;
        directory.sync()?;
        results.sync()?;
        Ok(SweepFolder::new(directory, lock))
    }

    /// Moves the folder of a sweep with all its runs to `<name>.old-<n>`; nothing when there is no such sweep.
    ///
    /// # Errors
    /// [`StateError::Held`] when another process works on the sweep.
    pub fn set_sweep_aside(&self, name: &str) -> Result<Option<PathBuf>, StateError> {
        check_name(name, NAME_LIMIT)?;
        let Some(results) = self.open_results()? else { return Ok(None) };
        let marker = results.child(name)?.map(|directory| directory.child(MARKER)).transpose()?.flatten();
        let Some(marker) = marker else { return Ok(None) };
        let _lock = lock::acquire(&marker, &Holder::own(self.supervisor), self.orphan_grace)?;
        let aside = results.rename_aside(name, |number| format!("{name}.old-{number}"))?;
        results.sync()?;
        Ok(Some(self.results.join(aside)))
    }

    /// Names of all sweeps, sorted, those set aside included.
    ///
    /// # Errors
    /// When the results folder cannot be read.
    pub fn sweeps(&self) -> Result<Vec<String>, StateError> {
        let Some(results) = self.open_results()? else { return Ok(Vec::new()) };
        let mut sweeps = Vec::new();
        for name in results.names()? {
            let found = check_name(&name, SHOWN_NAME_LIMIT).is_ok() && is_sweep(&results, &name)?;
            sweeps.extend(found.then_some(name));
        }
        Ok(sweeps)
    }

    /// A document of a sweep, read without its lock; nothing when there is none.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn sweep_document(&self, name: &str, document: SweepDocument) -> Result<Option<Vec<u8>>, StateError> {
        self.look(name)?.map_or(Ok(None), |directory| document::read_optional(&directory, document.file_name()))
    }

    /// Opens the folder of a run for writing: made if missing, locked, and cleared of what interrupted writes left.
    ///
    /// # Errors
    /// [`StateError::Held`] when another process writes into it, [`StateError::Name`] and
    /// [`StateError::NotAFolder`] when the name could lead elsewhere.
    pub fn open(&self, name: &str) -> Result<RunFolder, StateError> {
        check_name(name, NAME_LIMIT)?;
        let results = Arc::new(self.make_results()?);
        if self.sweep.is_none() && is_sweep(&results, name)? {
            return Err(taken(&results, name, "a sweep"));
        }
        let (directory, lock) = self.lock(&results, name, true)?.ok_or_else(|| moved(&results, name))?;
        let checkpoints = directory.child_or_make(CHECKPOINTS)?;
        sweep(&directory)?;
        sweep(&checkpoints)?;
        // A process before may have been killed between a rename and its fsync: what is found from here on is durable.
        checkpoints.sync()?;
        directory.sync()?;
        results.sync()?;
        Ok(RunFolder::new(name.to_owned(), results, directory, checkpoints, lock))
    }

    /// Moves the folder of a run to `<name>.old-<n>`, whole; nothing when there is no such run.
    ///
    /// # Errors
    /// [`StateError::Held`] when another process writes into it.
    pub fn set_aside(&self, name: &str) -> Result<Option<PathBuf>, StateError> {
        check_name(name, NAME_LIMIT)?;
        let Some(results) = self.open_results()? else { return Ok(None) };
        let Some((_, _lock)) = self.lock(&results, name, false)? else { return Ok(None) };
        let aside = results.rename_aside(name, |number| format!("{name}.old-{number}"))?;
        results.sync()?;
        tracing::info!(run = name, kept_as = aside, "earlier run set aside");
        Ok(Some(results.path().join(aside)))
    }

    /// Names of all runs, sorted, those set aside included.
    pub fn runs(&self) -> Result<Vec<String>, StateError> {
        let Some(results) = self.open_results()? else { return Ok(Vec::new()) };
        let mut runs = Vec::new();
        for name in results.names()? {
            let is_run = check_name(&name, SHOWN_NAME_LIMIT).is_ok() && summary::is_run(&results, &name)?;
            runs.extend(is_run.then_some(name));
        }
        Ok(runs)
    }

    /// How a run stands, without disturbing it; nothing when there is no such run.
    pub fn summary(&self, name: &str) -> Result<Option<RunSummary>, StateError> {
        self.look(name)?.map(|directory| summary::summarize(name, &directory)).transpose()
    }

    /// The newest valid state of a run, read without its lock and without touching anything.
    ///
    /// # Errors
    /// As for [`RunFolder::latest`].
    pub fn peek(&self, name: &str) -> Result<Recovery, StateError> {
        let (found, skipped) = self.find(name)?;
        Ok(Recovery { snapshot: found.map(|found| found.snapshot), skipped })
    }

    /// The newest valid checkpoint of a run with everything in it, read without its lock.
    pub(crate) fn find(&self, name: &str) -> Result<(Option<Found>, Vec<SkippedGeneration>), StateError> {
        let checkpoints = self.look(name)?.map(|directory| directory.child(CHECKPOINTS)).transpose()?.flatten();
        checkpoints.as_ref().map_or(Ok((None, Vec::new())), recovery::find)
    }

    /// A document of a run, read without its lock; nothing when there is none.
    pub fn document(&self, name: &str, document: Document) -> Result<Option<Vec<u8>>, StateError> {
        self.look(name)?.map_or(Ok(None), |directory| document::read(&directory, document))
    }

    /// The rows of `metrics.jsonl` of a run, read without its lock.
    ///
    /// A last line that is still being written is left out, as is every line that is not a JSON object.
    pub fn metrics(&self, name: &str) -> Result<Vec<serde_json::Map<String, Value>>, StateError> {
        let content = self.look(name)?.map_or(Ok(None), |run| document::read_optional(&run, METRICS_FILE))?;
        let content = content.unwrap_or_default();
        Ok(content.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect())
    }

    /// A file beside a run, in a folder of its own inside the run's; nothing when there is no such run.
    ///
    /// Opened without the lock: the caller sees to it that nobody else writes it.
    pub fn side_file(
        &self,
        name: &str,
        folder: &'static str,
        file: &'static str,
    ) -> Result<Option<SideFile>, StateError> {
        self.look(name)?.map(|run| SideFile::open(&run, folder, file)).transpose()
    }

    /// Whether there is such a file already.
    pub fn has_side_file(&self, name: &str, folder: &str, file: &str) -> bool {
        let there = |run: &Directory| run.child(folder).ok().flatten()?.stat(file).ok().flatten();
        self.look(name).ok().flatten().is_some_and(|run| there(&run).is_some())
    }

    /// The weights of a run, read without its lock.
    pub fn model(&self, name: &str, file: ModelFile) -> Result<TensorMap, StateError> {
        let missing = || StateError::io("open the folder", &self.results.join(name))(io::ErrorKind::NotFound);
        model_file::read(&self.look(name)?.ok_or_else(missing)?, file.file_name())
    }

    /// SHA-256 of a model file of a run, as `sha256sum` prints it; nothing when there is none.
    pub fn model_sha256(&self, name: &str, file: ModelFile) -> Result<Option<String>, StateError> {
        self.look(name)?.map_or(Ok(None), |directory| model_file::sha256(&directory, file))
    }

    /// Locks the folder that has this name now; nothing when there is none and none is to be made.
    fn lock(&self, results: &Directory, name: &str, make: bool) -> Result<Option<(Directory, RunLock)>, StateError> {
        let holder = Holder::own(self.supervisor);
        for _ in 0..LOOKUPS {
            let directory = if make { Some(results.child_or_make(name)?) } else { results.child(name)? };
            let Some(directory) = directory else { return Ok(None) };
            let lock = lock::acquire(&directory, &holder, self.orphan_grace)?;
            // Whoever held it may have set the folder aside before letting go: the lock then is of the old folder.
            if results.stat(name)?.map(|stat| identity_of(&stat)) == Some(directory.identity()?) {
                return Ok(Some((directory, lock)));
            }
        }
        Err(moved(results, name))
    }

    /// The folder that the runs lie in, made first where it is missing.
    fn make_results(&self) -> Result<Directory, StateError> {
        let results = make_results(&self.results)?;
        match &self.sweep {
            Some(sweep) => results.child_or_make(sweep),
            None => Ok(results),
        }
    }

    fn open_results(&self) -> Result<Option<Directory>, StateError> {
        match Directory::open(&self.results) {
            Ok(results) => match &self.sweep {
                Some(sweep) => results.child(sweep),
                None => Ok(Some(results)),
            },
            Err(StateError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The folder of a run, for reading.
    fn look(&self, name: &str) -> Result<Option<Directory>, StateError> {
        check_name(name, SHOWN_NAME_LIMIT)?;
        self.open_results()?.map_or(Ok(None), |results| results.child(name))
    }
}

fn taken(results: &Directory, name: &str, by: &'static str) -> StateError {
    StateError::Taken { path: results.path().join(name), by }
}

fn moved(results: &Directory, name: &str) -> StateError {
    StateError::Moved { path: results.path().join(name) }
}

/// Refuses every name that is not a plain, visible, portable file name.
fn check_name(name: &str, limit: usize) -> Result<(), StateError> {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-@".contains(&byte));
    let begins = name.starts_with(|first: char| first.is_ascii_alphanumeric());
    if plain && begins && name.len() <= limit && !name.ends_with('.') {
        Ok(())
    } else {
        Err(StateError::Name { name: name.to_owned(), limit })
    }
}

/// Opens the results folder, made first where it is missing; a new folder's name is durable in its parent.
fn make_results(path: &Path) -> Result<Directory, StateError> {
    let missing: Vec<&Path> = path.ancestors().take_while(|ancestor| !names_something(ancestor)).collect();
    fs_err::create_dir_all(path).map_err(StateError::io("make the folder", path))?;
    for made in missing {
        let parent = made.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Directory::open(parent)?.sync()?;
    }
    let results = Directory::open(path)?;
    if summary::is_on_network(&results) {
        let folder = path.display();
        tracing::warn!(%folder, "results lie on a network file system: its locks and its atomic renames may not hold");
    }
    Ok(results)
}

fn names_something(path: &Path) -> bool {
    path.as_os_str().is_empty() || path.exists()
}

#[cfg(test)]
mod tests {
    use super::{NAME_LIMIT, check_name};

    #[test]
    fn no_name_reaches_outside_the_results() {
        for good in ["exp1", "A.b_c-d", "0", "x..y", "lr-0.1@1f", &"n".repeat(64)] {
            assert!(check_name(good, NAME_LIMIT).is_ok(), "{good}");
        }
        for bad in [
            "",
            ".",
            "..",
            "../x",
            "/etc",
            "a/b",
            "..\\x",
            "a\\b",
            "%2e%2e",
            "a\0",
            "a\nb",
            "\u{1b}[2J",
            ".hidden",
            "-flag",
            "_x",
            "end.",
            "é",
            "a b",
            &"n".repeat(65),
        ] {
            let error = check_name(bad, NAME_LIMIT).unwrap_err();
            assert!(!error.to_string().chars().any(char::is_control), "{error}");
        }
    }
}
