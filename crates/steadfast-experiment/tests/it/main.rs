//! The training loop, tested through its public door with an experiment that has no tensors.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall say where")]

mod failure;
mod lineage;
mod rebuild;
mod registry;
mod resume;
mod toy;
mod training;
