//! The folder of one run, locked: the only place that writes into it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::commit::{CommitError, DisallowOverwrite, commit};
use crate::container::Layout;
use crate::directory::{Directory, identity_of};
use crate::document::{self, Document};
use crate::error::{Damage, SaveError, StateError};
use crate::generation::{Generation, quarantine};
use crate::lock::RunLock;
use crate::manager::StateManager;
use crate::metrics_log::{MetricsLog, Rewind};
use crate::metrics_row::MetricsRow;
use crate::model_file::{self, Exported, ModelFile};
use crate::reading::{ReadError, verify_seal};
use crate::recovery::{self, Recovery};
use crate::retention::{self, FEWEST};
use crate::snapshot::Snapshot;
use crate::space;
use crate::tensor_data::TensorMap;

/// Files of a run beside its checkpoints, rotated logs included.
const RUN_FILES: u64 = 12;

/// A checkpoint that is safely on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Saved {
    /// Step of the snapshot.
    pub step: u64,
    /// The checkpoint.
    pub path: PathBuf,
    /// Size of the checkpoint in bytes.
    pub bytes: u64,
    /// False when exactly this state was on disk already and was verified instead of written again.
    pub written: bool,
    /// Names of the older checkpoints that were removed.
    pub removed: Vec<String>,
}

/// The folder of one run, locked against every other process as long as this value lives.
///
/// Made by [`crate::StateManager::open`].
#[derive(Debug)]
#[must_use = "dropping the run folder lets another process into it"]
pub struct RunFolder {
    name: String,
    results: Arc<Directory>,
    directory: Directory,
    checkpoints: Directory,
    metrics: MetricsLog,
    keep: usize,
    /// Whether what is on disk is known, so that it can be written behind it.
    recovered: bool,
    /// Whether a checkpoint of this process was read back from the disk.
    read_back: bool,
    /// Checkpoints that this process wrote or verified.
    verified: BTreeSet<Generation>,
    /// Checkpoints whose durability the disk did not confirm; neither counted nor removed.
    doubtful: BTreeSet<Generation>,
    // Dropped last, when everything else is closed.
    _lock: RunLock,
}

impl RunFolder {
    /// Takes over a folder that is locked and swept.
    pub(crate) fn new(
        name: String,
        results: Arc<Directory>,
        directory: Directory,
        checkpoints: Directory,
        lock: RunLock,
    ) -> Self {
        Self {
            name,
            results,
            directory,
            checkpoints,
            metrics: MetricsLog::default(),
            keep: FEWEST,
            recovered: false,
            read_back: false,
            verified: BTreeSet::new(),
            doubtful: BTreeSet::new(),
            _lock: lock,
        }
    }

    /// Name of the run.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The folder, for messages.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// A path for files of others, such as the log, that leads into this very folder for as long as it is open, even if
    /// the name that people know it by is moved or made a link meanwhile.
    pub fn pinned_path(&self, name: &str) -> PathBuf {
        self.directory.reach(name)
    }

    /// Sets how many valid checkpoints are kept; fewer than two are never kept.
    pub fn set_keep(&mut self, generations: usize) {
        self.keep = generations.max(FEWEST);
    }

    /// The newest valid state, and the newer ones that had to be passed over.
    ///
    /// To be asked before the first save. Damaged checkpoints are renamed to `.bad-...`, never deleted.
    /// May be called again to go back to the newest checkpoint.
    ///
    /// # Errors
    /// [`StateError::NoValidCheckpoint`] when there are checkpoints but none is valid: then nothing is touched.
    /// [`StateError::NewerFormat`] when the newest one is of a later version of the program,
    /// [`StateError::TooLarge`] when it is of a larger machine.
    pub fn latest(&mut self) -> Result<Recovery, StateError> {
        self.recovered = false;
        let (found, mut skipped) = recovery::find(&self.checkpoints)?;
        recovery::keep_aside(&self.checkpoints, &mut skipped);
        let snapshot = found.map(|found| {
            self.verified.insert(found.generation);
            self.metrics = MetricsLog::new(found.metrics);
            found.snapshot
        });
        if snapshot.is_none() {
            self.metrics = MetricsLog::default();
        }
        self.recovered = true;
        Ok(Recovery { snapshot, skipped })
    }

    /// The newest valid state of another run, to begin this one with; its rows of measurements come along.
    ///
    /// For a run that has saved nothing yet. The other run is only read.
    ///
    /// # Errors
    /// [`StateError::NotRecovered`] when this run has checkpoints of its own; for the rest as [`Self::latest`].
    pub fn start_from(&mut self, manager: &StateManager, parent: &str) -> Result<Recovery, StateError> {
        if recovery::has_traces(&self.checkpoints)? {
            return Err(StateError::NotRecovered { folder: self.path().to_path_buf() });
        }
        let (found, skipped) = manager.find(parent)?;
        let snapshot = found.map(|found| {
            self.metrics = MetricsLog::new(found.metrics);
            found.snapshot
        });
        self.recovered = true;
        Ok(Recovery { snapshot, skipped })
    }

    /// Refuses when the disk has no room for what a run keeps: one checkpoint more than are kept, for the moment before
    /// the oldest goes, and the models. What is there already counts.
    ///
    /// # Errors
    /// [`StateError::DiskFull`] and [`StateError::NoInodes`] with what is needed and what there is.
    pub fn require_room(&self, checkpoint_bytes: u64, model_bytes: u64) -> Result<(), StateError> {
        let there = Generation::list(&self.checkpoints)?.len();
        let missing = (self.keep + 1).saturating_sub(there).max(1) as u64;
        let bytes = checkpoint_bytes.saturating_mul(missing).saturating_add(model_bytes);
        space::require_files(&self.checkpoints, "", bytes, missing + RUN_FILES)
    }

    /// Makes `metrics.jsonl` hold exactly the rows of the recovered state.
    ///
    /// Happens by itself before the first row or save; called directly, it tells what it took.
    /// A file with rows that the run did not write is kept as `metrics.jsonl.edited-<n>`.
    pub fn rewind_metrics(&mut self) -> Result<Rewind, StateError> {
        self.ensure_recovered()?;
        let rewind = self.metrics.rewind(&self.directory)?;
        if rewind != Rewind::Unchanged {
            tracing::info!(folder = %self.path().display(), ?rewind, "metrics brought back in step with the checkpoint");
        }
        Ok(rewind)
    }

    /// Appends one row to `metrics.jsonl`; it reaches the disk for good with the next save.
    ///
    /// # Errors
    /// When the file cannot be written. The row is kept all the same and will be in the next checkpoint;
    /// the file is repaired with the next row or save.
    pub fn append_metrics(&mut self, row: impl Into<MetricsRow>) -> Result<(), StateError> {
        self.ensure_recovered()?;
        self.metrics.append(&self.directory, &row.into())
    }

    /// Every row of measurements so far, as the lines of `metrics.jsonl`.
    pub fn metrics(&self) -> &[u8] {
        self.metrics.history()
    }

    /// Saves the whole training state; when this returns, neither a kill nor a power cut takes it back.
    ///
    /// # Errors
    /// [`SaveError::NotCommitted`] leaves everything as it was;
    /// [`SaveError::Uncertain`] leaves the new checkpoint and every older one.
    pub fn save(&mut self, snapshot: &Snapshot) -> Result<Saved, SaveError> {
        let step = snapshot.step;
        let not_committed = |error| SaveError::NotCommitted { step, source: Box::new(error) };
        self.prepare_save().map_err(not_committed)?;
        let layout = self.layout(snapshot).map_err(not_committed)?;
        let bytes = layout.length();
        let (generation, written) = self.choose_target(step, &layout).map_err(not_committed)?;
        let path = self.checkpoints.path().join(generation.to_string());
        if written {
            let expected = (!self.read_back).then(|| layout.checksum());
            self.commit(generation, &layout).map_err(|error| match error {
                CommitError::NotCommitted(error) => not_committed(error),
                CommitError::Uncertain(source) => {
                    self.doubtful.insert(generation);
                    SaveError::Uncertain { step, path: path.clone(), source }
                }
            })?;
            if let Some(expected) = expected {
                self.read_back(generation, expected).map_err(not_committed)?;
            }
        }
        self.verified.insert(generation);
        Ok(Saved { step, path, bytes, written, removed: self.prune() })
    }

    /// Replaces a document, as a whole and durably; one with these bytes already is left alone.
    pub fn write_document(&self, document: Document, bytes: &[u8]) -> Result<(), StateError> {
        self.ensure_in_place()?;
        document::write(&self.directory, document, bytes)
    }

    /// The bytes of a document; nothing when there is none.
    pub fn read_document(&self, document: Document) -> Result<Option<Vec<u8>>, StateError> {
        document::read(&self.directory, document)
    }

    /// Renames a document to `<name>.edited-<n>`, to make room for the true one; nothing when there is none.
    pub fn set_document_aside(&self, document: Document) -> Result<(), StateError> {
        self.ensure_in_place()?;
        let name = document.file_name();
        if self.directory.stat(name)?.is_some() {
            let aside = self.directory.rename_aside(name, |number| format!("{name}.edited-{number}"))?;
            tracing::warn!(folder = %self.path().display(), file = name, kept_as = aside, "not what the run wrote");
        }
        Ok(())
    }

    /// Writes model weights as a plain safetensors file, unless the file has these bytes already.
    pub fn export_model(&self, file: ModelFile, tensors: &TensorMap) -> Result<Exported, StateError> {
        self.ensure_in_place()?;
        model_file::export(&self.directory, file, tensors)
    }

    /// Reads the newest checkpoint back from the disk, every byte; nothing when there is none.
    ///
    /// # Errors
    /// [`StateError::Damaged`] when it is not what was written.
    pub fn verify_newest(&self) -> Result<Option<PathBuf>, StateError> {
        let Some(newest) = Generation::list(&self.checkpoints)?.pop() else { return Ok(None) };
        let name = newest.to_string();
        verify_seal(&self.checkpoints, &name).map_err(|error| error.into_state_error(&self.checkpoints, &name))?;
        Ok(Some(self.checkpoints.path().join(name)))
    }

    /// Refuses to write behind checkpoints that nobody has looked at.
    fn ensure_recovered(&mut self) -> Result<(), StateError> {
        if !self.recovered {
            if recovery::has_traces(&self.checkpoints)? {
                return Err(StateError::NotRecovered { folder: self.path().to_path_buf() });
            }
            self.recovered = true;
        }
        Ok(())
    }

    /// Refuses to write into a folder that is no longer the one that people see under its name.
    fn ensure_in_place(&self) -> Result<(), StateError> {
        let seen = self.results.stat(&self.name)?.map(|stat| identity_of(&stat));
        if seen == Some(self.directory.identity()?) {
            Ok(())
        } else {
            Err(StateError::Moved { path: self.path().to_path_buf() })
        }
    }

    /// Brings everything that the checkpoint builds on to the disk.
    fn prepare_save(&mut self) -> Result<(), StateError> {
        self.ensure_recovered()?;
        self.ensure_in_place()?;
        self.metrics.sync(&self.directory)
    }

    fn layout<'a>(&'a self, snapshot: &'a Snapshot) -> Result<Layout<'a>, StateError> {
        Layout::checkpoint(snapshot, self.metrics.history()).map_err(|source| {
            let path = self.checkpoints.path().join(Generation { step: snapshot.step, revision: 1 }.to_string());
            StateError::Encode { path, source }
        })
    }

    /// Decides under which name a snapshot is saved, and whether it has to be written at all.
    ///
    /// A name is never used for two contents. The same step with the same content is verified, not written again.
    fn choose_target(&self, step: u64, layout: &Layout<'_>) -> Result<(Generation, bool), StateError> {
        match Generation::list(&self.checkpoints)?.pop() {
            Some(newest) if newest.step > step => {
                Err(StateError::StepBehind { step, newest: self.checkpoints.path().join(newest.to_string()) })
            }
            Some(newest) if newest.step == step => {
                let same = !self.doubtful.contains(&newest) && self.holds(newest, layout)?;
                let next = Generation { revision: newest.revision.saturating_add(1), ..newest };
                Ok(if same { (newest, false) } else { (next, true) })
            }
            _ => Ok((Generation { step, revision: 1 }, true)),
        }
    }

    fn commit(&self, generation: Generation, layout: &Layout<'_>) -> Result<(), CommitError> {
        let name = generation.to_string();
        space::require(&self.checkpoints, &name, layout.length()).map_err(CommitError::NotCommitted)?;
        commit(&self.checkpoints, &name, DisallowOverwrite, layout.length(), |file| layout.write_to(file))
    }

    /// Whether a checkpoint has exactly the content that is about to be written.
    fn holds(&self, generation: Generation, layout: &Layout<'_>) -> Result<bool, StateError> {
        let name = generation.to_string();
        match verify_seal(&self.checkpoints, &name) {
            // The length is part of the sealed header.
            Ok(seal) => Ok(seal == layout.checksum()),
            Err(ReadError::Damage(_) | ReadError::Missing) => Ok(false),
            Err(error) => Err(error.into_state_error(&self.checkpoints, &name)),
        }
    }

    /// Reads the first checkpoint of this process back: a disk that lies is found out before an older one is removed.
    fn read_back(&mut self, generation: Generation, expected: u128) -> Result<(), StateError> {
        let name = generation.to_string();
        let reason = match verify_seal(&self.checkpoints, &name) {
            Ok(recorded) if recorded == expected => {
                self.read_back = true;
                return Ok(());
            }
            Ok(recorded) => Damage::Checksum { computed: expected, recorded },
            Err(ReadError::Damage(reason)) => reason,
            Err(error) => {
                // Not the file's fault, and the disk has confirmed every step: the next save is read back instead.
                let error: &dyn std::error::Error = &error.into_state_error(&self.checkpoints, &name);
                tracing::warn!(error, "checkpoint is saved, but was not read back");
                return Ok(());
            }
        };
        quarantine(&self.checkpoints, &name)?;
        Err(StateError::Damaged { path: self.checkpoints.path().join(name), source: reason })
    }

    /// Removes checkpoints beyond those to be kept. The new one is safe, so a failure is no more than a warning.
    fn prune(&mut self) -> Vec<String> {
        retention::prune(&self.checkpoints, self.keep, &mut self.verified, &self.doubtful).unwrap_or_else(|error| {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, "older checkpoints stay");
            Vec::new()
        })
    }
}
