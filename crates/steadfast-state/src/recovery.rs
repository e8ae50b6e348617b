//! Finding the newest state that can be trusted.
//!
//! Nothing points at "the latest" checkpoint: the folder is listed, and every candidate has to prove itself.
//! Finding writes nothing, so it can be interrupted and repeated; damaged files are moved aside only once a valid one is
//! in hand, so that a folder with nothing but damaged files still looks like one the next time.

use crate::container::{Content, FORMAT, decode_checkpoint};
use crate::directory::Directory;
use crate::error::{Damage, SkippedGeneration, StateError};
use crate::generation::{BAD_PREFIX, Generation, quarantine};
use crate::reading::{ReadError, read_whole};
use crate::snapshot::Snapshot;

/// What a run folder has to go on with.
#[derive(Debug)]
#[non_exhaustive]
pub struct Recovery {
    /// The newest valid state; nothing when the run never saved one.
    pub snapshot: Option<Snapshot>,
    /// Newer checkpoints that could not be used, newest first.
    pub skipped: Vec<SkippedGeneration>,
}

/// The newest valid checkpoint and everything in it.
pub(crate) struct Found {
    pub(crate) generation: Generation,
    pub(crate) snapshot: Snapshot,
    pub(crate) metrics: Vec<u8>,
}

/// Walks the checkpoints, newest first, until one is valid; changes nothing on disk.
pub(crate) fn find(checkpoints: &Directory) -> Result<(Option<Found>, Vec<SkippedGeneration>), StateError> {
    let mut skipped = Vec::new();
    #[cfg(feature = "planted-faults")]
    if let Some(name) = crate::planted::pointed_at(checkpoints) {
        let found = Generation::parse(&name).and_then(|generation| load(checkpoints, generation).ok());
        return Ok((found, skipped));
    }
    for generation in Generation::list(checkpoints)?.into_iter().rev() {
        match load(checkpoints, generation) {
            Ok(found) => return Ok((Some(found), skipped)),
            Err(ReadError::Damage(reason)) => {
                skipped.push(SkippedGeneration { file: generation.to_string(), reason, kept_as: None });
            }
            // Removed between listing and reading, as a reader without the lock may see it.
            Err(ReadError::Missing) => {}
            Err(ReadError::Failed(error)) => return Err(error),
        }
    }
    for file in kept_aside(checkpoints)? {
        let reason = Damage::Layout("kept aside as damaged before");
        skipped.push(SkippedGeneration { file, reason, kept_as: None });
    }
    if skipped.is_empty() {
        Ok((None, skipped))
    } else {
        Err(StateError::NoValidCheckpoint { folder: checkpoints.path().to_path_buf(), skipped })
    }
}

/// Whether a run has ever saved here, be it that nothing valid is left.
pub(crate) fn has_traces(checkpoints: &Directory) -> Result<bool, StateError> {
    Ok(!Generation::list(checkpoints)?.is_empty() || !kept_aside(checkpoints)?.is_empty())
}

/// Checkpoints that were found damaged before.
fn kept_aside(checkpoints: &Directory) -> Result<Vec<String>, StateError> {
    Ok(checkpoints.names()?.into_iter().filter(|name| name.starts_with(BAD_PREFIX)).collect())
}

/// Moves the checkpoints that were passed over out of the way; they are never deleted.
pub(crate) fn keep_aside(checkpoints: &Directory, skipped: &mut [SkippedGeneration]) {
    for generation in skipped {
        let folder = checkpoints.path().display();
        match quarantine(checkpoints, &generation.file) {
            Ok(name) => {
                tracing::warn!(%folder, file = generation.file, kept_as = name, reason = %generation.reason, "damaged checkpoint");
                generation.kept_as = Some(name);
            }
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(%folder, file = generation.file, reason = %generation.reason, error, "damaged checkpoint left in place");
            }
        }
    }
}

/// Reads one checkpoint and checks that it is what its name says.
fn load(checkpoints: &Directory, generation: Generation) -> Result<Found, ReadError> {
    let name = generation.to_string();
    let content = decode_checkpoint(&read_whole(checkpoints, &name)?).map_err(ReadError::Damage)?;
    match content {
        Content::Newer { format } => {
            let path = checkpoints.path().join(name);
            Err(ReadError::Failed(StateError::NewerFormat { path, found: format, supported: FORMAT }))
        }
        Content::Checkpoint { snapshot, .. } if snapshot.step != generation.step => {
            Err(ReadError::Damage(Damage::Step { named: generation.step, held: snapshot.step }))
        }
        Content::Checkpoint { snapshot, metrics } => Ok(Found { generation, snapshot, metrics }),
    }
}
