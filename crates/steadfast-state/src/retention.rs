//! Which checkpoints stay.
//!
//! Called only after a newer checkpoint is safely on disk; never to make room.

use std::collections::BTreeSet;

use crate::directory::Directory;
use crate::error::StateError;
use crate::generation::{Generation, TRASH_PREFIX, quarantine};
use crate::reading::{ReadError, verify_seal};

/// Fewest checkpoints kept: the newest one, and one to fall back on should it turn out damaged.
pub(crate) const FEWEST: usize = 2;

/// Removes what is older than the `keep` newest valid checkpoints; returns the names of the removed files.
///
/// A checkpoint counts as valid when this process wrote or verified it; every other one is verified first, once.
/// A doubtful one, whose durability the disk did not confirm, neither counts nor goes.
pub(crate) fn prune(
    checkpoints: &Directory,
    keep: usize,
    verified: &mut BTreeSet<Generation>,
    doubtful: &BTreeSet<Generation>,
) -> Result<Vec<String>, StateError> {
    let mut valid = 0;
    let mut removed = Vec::new();
    for generation in Generation::list(checkpoints)?.into_iter().rev() {
        if doubtful.contains(&generation) {
            continue;
        }
        if valid >= keep {
            removed.push(remove(checkpoints, generation)?);
            verified.remove(&generation);
        } else if verified.contains(&generation) || verify(checkpoints, generation)? {
            verified.insert(generation);
            valid += 1;
        }
    }
    Ok(removed)
}

fn remove(checkpoints: &Directory, generation: Generation) -> Result<String, StateError> {
    let name = generation.to_string();
    // Renamed first: whatever interrupts the removal, no reader takes the rest for a checkpoint.
    let trash = checkpoints.rename_aside(&name, |number| format!("{TRASH_PREFIX}{number}-{name}"))?;
    checkpoints.remove_file(&trash)?;
    Ok(name)
}

/// Whether the file is whole; one that is not is kept aside.
fn verify(checkpoints: &Directory, generation: Generation) -> Result<bool, StateError> {
    let name = generation.to_string();
    match verify_seal(checkpoints, &name) {
        Ok(_) => Ok(true),
        Err(ReadError::Damage(reason)) => {
            let kept_as = quarantine(checkpoints, &name)?;
            tracing::warn!(folder = %checkpoints.path().display(), file = name, kept_as, %reason, "damaged checkpoint");
            Ok(false)
        }
        Err(error) => Err(error.into_state_error(checkpoints, &name)),
    }
}
