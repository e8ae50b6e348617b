//! The crate as its users see it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod gradients;
mod layers;
mod optimizer_state;
mod parameters;
mod pytorch_model_ops;
mod pytorch_ops;
mod pytorch_optimizers;
mod randomness;
mod support;
mod threads;
