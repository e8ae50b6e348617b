//! The training loop, tested through its public door with an experiment that has no tensors.

mod failure;
mod registry;
mod resume;
mod toy;
mod training;
