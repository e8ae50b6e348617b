//! The experiments that learn a model from samples.

mod ahead;
mod batches;
mod experiment;
mod feed;
mod inference;
mod input_reader;
mod insistence;
mod kind;
mod network;
mod preprocessing;
mod step;
mod target_scale;
mod task;
mod tensors;

pub use input_reader::InputReader;
pub(crate) use kind::kinds;
