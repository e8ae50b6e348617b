//! Names of checkpoints: one per step, in an order that the name alone decides.

use std::fmt;

use crate::directory::Directory;
use crate::error::StateError;

/// Folder of the checkpoints inside the run folder.
pub(crate) const CHECKPOINTS: &str = "checkpoints";

/// Prefix of a damaged checkpoint that was kept aside.
pub(crate) const BAD_PREFIX: &str = ".bad-";

/// Prefix of a checkpoint on its way out.
pub(crate) const TRASH_PREFIX: &str = ".trash-";

/// Names one checkpoint: `step-000000000042.safetensors`, or, when step 42 was saved before with other content,
/// `step-000000000042-2.safetensors` and so on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Generation {
    /// Optimizer steps.
    pub(crate) step: u64,
    /// Counts the different snapshots of one step from 1.
    pub(crate) revision: u32,
}

impl Generation {
    /// Reads a file name; only the exact form that [`fmt::Display`] writes is accepted.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let numbers = name.strip_prefix("step-")?.strip_suffix(".safetensors")?;
        let (step, revision) = numbers.split_once('-').unwrap_or((numbers, "1"));
        let generation = Self { step: step.parse().ok()?, revision: revision.parse().ok()? };
        (generation.revision > 0 && generation.to_string() == name).then_some(generation)
    }

    /// Every checkpoint in the folder, oldest first.
    pub(crate) fn list(checkpoints: &Directory) -> Result<Vec<Self>, StateError> {
        let mut generations: Vec<Self> = checkpoints.names()?.iter().filter_map(|name| Self::parse(name)).collect();
        generations.sort_unstable();
        Ok(generations)
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.revision {
            1 => write!(formatter, "step-{:012}.safetensors", self.step),
            revision => write!(formatter, "step-{:012}-{revision}.safetensors", self.step),
        }
    }
}

/// Keeps a damaged checkpoint under a name that no reader takes for one; returns that name.
pub(crate) fn quarantine(checkpoints: &Directory, name: &str) -> Result<String, StateError> {
    checkpoints.rename_aside(name, |number| match number {
        1 => format!("{BAD_PREFIX}{name}"),
        number => format!("{BAD_PREFIX}{number}-{name}"),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Generation;

    #[test]
    fn only_the_exact_form_is_a_checkpoint() {
        let named = |step, revision| Some(Generation { step, revision });
        assert_eq!(Generation::parse("step-000000000042.safetensors"), named(42, 1));
        assert_eq!(Generation::parse("step-000000000042-2.safetensors"), named(42, 2));
        assert_eq!(Generation::parse("step-1234567890123.safetensors"), named(1_234_567_890_123, 1));
        for other in [
            "step-42.safetensors",
            "step-0000000000042.safetensors",
            "step-000000000042-1.safetensors",
            "step-000000000042-0.safetensors",
            "step-000000000042-02.safetensors",
            "step-+00000000042.safetensors",
            "step-00000000004２.safetensors",
            "step-000000000042.safetensors.tmp",
            ".bad-step-000000000042.safetensors",
            "step-99999999999999999999.safetensors",
        ] {
            assert_eq!(Generation::parse(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn names_come_back(step: u64, revision in 1_u32..) {
            let generation = Generation { step, revision };
            prop_assert_eq!(Generation::parse(&generation.to_string()), Some(generation));
        }

        #[test]
        fn no_name_makes_it_panic(name: String) {
            let _ = Generation::parse(&name);
        }
    }
}
