//! The experiments that learn a model from samples.

mod batches;
mod experiment;
mod inference;
mod insistence;
mod kind;
mod network;
mod preprocessing;
mod step;
mod target_scale;
mod task;
mod tensors;

pub(crate) use kind::kinds;
