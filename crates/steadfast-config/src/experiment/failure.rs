//! What happens when an experiment fails.

use crate::{choice, section};

section! {
    /// What happens when the experiment fails.
    pub struct FailureConfig {
        /// What becomes of the experiments after it.
        policy on_failure: OnFailure = OnFailure::Skip;
        /// How often it is tried again, from its last checkpoint.
        policy retries: u32 = 0, 0..=100;
    }
}

choice! {
    /// What becomes of the experiments after one that failed.
    pub enum OnFailure {
        /// They run.
        Skip = "skip",
        /// They do not run.
        Abort = "abort",
    }
}
