//! Fast differentiable training operations and seeded randomness for candle.
//!
//! # Overview
//!
//! [candle] is a fine library for using models and leaves some holes for training them on a CPU. This crate fills them,
//! on its own and for anyone who trains with candle:
//!
//! - [`Seed`], [`Stream`]: random numbers as a function of seed, purpose and position, with no generator to save.
//! - [`SeededParameters`]: parameters made by name from the seed, kept in sorted order, loaded all or not at all.
//! - Operations with their own backward passes: [`linear`], [`conv2d`], [`max_pool2d`], [`relu`], [`cross_entropy`], ...
//! - [`layers`](Linear): the same with parameters under `PyTorch`'s names and with `PyTorch`'s first values.
//! - [`Sgd`], [`Adam`]: optimizers that work in place and whose state has names; [`NamedGradients`] with clipping.
//!
//! [candle]: https://docs.rs/candle-core
#![expect(
    clippy::inline_always,
    reason = "kernels must become part of the function that is compiled for the processor's vector instructions"
)]

mod compute;
mod context;
mod error;
mod init;
mod layers;
mod ops;
mod optim;
mod random;
#[cfg(test)]
mod testing;

pub use compute::Real;
pub use context::StepContext;
pub use error::{Differences, GradientError, LoadError, OptimizerError, TensorMismatch};
pub use init::SeededParameters;
pub use layers::{BatchNorm, Conv2d, Dropout, Embedding, LayerNorm, Linear};
pub use ops::{
    ChannelStatistics, Conv2dOptions, attention, avg_pool2d, batch_norm, batch_norm_with, conv2d,
    cross_entropy, cross_entropy_rows, dropout, embedding, gelu, gelu_tanh, global_mean,
    layer_norm, linear, max_pool2d, mse, relu, self_attention, softmax_last_dim,
};
pub use optim::{Adam, AdamOptions, NamedGradients, Optimizer, OptimizerState, Sgd, SgdOptions};
pub use random::{Purpose, STREAM_VERSION, Seed, Stream, StreamKey};
