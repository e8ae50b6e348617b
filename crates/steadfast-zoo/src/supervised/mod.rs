//! The experiment that learns a model from samples with targets: classification and regression.

mod batches;
mod experiment;
mod kind;
mod network;
mod step;
mod task;
mod tensors;

pub(crate) use kind::kind;
