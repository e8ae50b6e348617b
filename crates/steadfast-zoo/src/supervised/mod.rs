//! The experiment that learns a model from samples with targets: classification and regression.

mod ahead;
mod batches;
mod experiment;
mod feed;
mod input_reader;
mod kind;
mod network;
mod step;
mod task;
mod tensors;

pub use input_reader::InputReader;
pub(crate) use kind::kind;
