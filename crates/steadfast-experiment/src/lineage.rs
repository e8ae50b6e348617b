//! Where a state comes from, and whether its bytes are still those of one uninterrupted run.

use serde::{Deserialize, Serialize};

/// What the bits of a run depend on beside config and data, as fingerprints: two starts with the same values compute
/// the same bits. No names and no paths, so that checkpoints of equal machines are equal.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct MadeBy {
    /// Fingerprint of the program.
    pub build: String,
    /// Fingerprint of the kind of machine.
    pub machine: String,
}

/// A run that another one was forked from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ancestor {
    /// Its name.
    pub name: String,
    /// Epochs it had completed.
    pub epoch: u64,
    /// Steps it had done.
    pub step: u64,
    /// What was changed for the fork, in words.
    pub changes: Vec<String>,
}

/// The history of a state before and between its starts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Lineage {
    /// The runs it was forked from, the eldest first.
    pub ancestors: Vec<Ancestor>,
    /// Why the rest of the run need not equal an uninterrupted one; the first reason stays.
    pub not_identical: Option<String>,
}

impl Lineage {
    /// Takes in that a state made by `before` is continued by `now`. Returns what there is to say about that.
    pub(crate) fn continued(&mut self, before: Option<&MadeBy>, now: &MadeBy, step: u64) -> Option<String> {
        let by = match before {
            Some(before) if before == now => return None,
            Some(before) if before.machine == now.machine => "another build of the program",
            Some(before) if before.build == now.build => "another kind of machine",
            Some(_) => "another build of the program on another kind of machine",
            None => "a program that cannot tell whether it made the checkpoint",
        };
        let reason = format!("continued after step {step} by {by}");
        self.not_identical.get_or_insert_with(|| reason.clone());
        Some(reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made_by(build: &str, machine: &str) -> MadeBy {
        MadeBy { build: build.to_owned(), machine: machine.to_owned() }
    }

    #[test]
    fn the_first_reason_stays() {
        let mut lineage = Lineage::default();
        assert_eq!(lineage.continued(Some(&made_by("a", "x")), &made_by("a", "x"), 1), None);
        assert_eq!(lineage.not_identical, None);
        lineage.continued(Some(&made_by("a", "x")), &made_by("b", "x"), 2).unwrap();
        let second = lineage.continued(Some(&made_by("b", "x")), &made_by("b", "y"), 3).unwrap();
        assert_eq!(second, "continued after step 3 by another kind of machine");
        let first = "continued after step 2 by another build of the program";
        assert_eq!(lineage.not_identical.as_deref(), Some(first));
        assert!(lineage.continued(None, &made_by("b", "y"), 4).is_some());
    }
}
