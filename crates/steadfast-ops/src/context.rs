//! What a layer must know about the step it runs in.

use crate::random::Seed;

/// What a layer must know about the step it runs in, passed explicitly to every forward pass.
///
/// Layers hold no random generator and no mode switch: given the same context and input they give the same output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepContext {
    training: bool,
    seed: Seed,
    step: u64,
}

impl StepContext {
    /// Training step number `step` of a run with this seed: dropout drops, batch-norm uses the batch's statistics.
    pub const fn training(seed: Seed, step: u64) -> Self {
        Self { training: true, seed, step }
    }

    /// Validation or use of a finished model: nothing is random and nothing is updated.
    pub const fn evaluation() -> Self {
        Self { training: false, seed: Seed::new(0), step: 0 }
    }

    /// Whether this is a training step.
    pub const fn is_training(&self) -> bool {
        self.training
    }

    /// The seed of the run.
    pub const fn seed(&self) -> Seed {
        self.seed
    }

    /// The number of the step, from zero.
    pub const fn step(&self) -> u64 {
        self.step
    }
}
