//! The crate as its users see it.

mod gradients;
mod layers;
mod optimizer_state;
mod parameters;
mod pytorch_ops;
mod pytorch_optimizers;
mod randomness;
mod support;
mod threads;
