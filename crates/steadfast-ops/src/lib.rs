//! Fast differentiable training operations and seeded randomness for candle.
//!
//! # Overview
//!
//! [candle] is made for running models and leaves some holes for training them on a CPU. This crate fills them, for
//! anyone who trains with candle:
//!
//! - [`Seed`], [`Stream`]: random numbers as a function of seed, purpose and position, with no generator to save.
//! - [`SeededParameters`]: parameters made by name from the seed, in sorted order, loaded all or not at all.
//! - Operations with backward passes of their own: [`linear`], [`conv2d`], [`max_pool2d`], [`batch_norm`],
//!   [`layer_norm`], [`self_attention`], [`cross_entropy`] and others.
//! - [`Linear`], [`Conv2d`], [`BatchNorm`] and other layers: the same with parameters that have the names and the first
//!   values of `PyTorch`.
//! - [`Sgd`], [`Adam`], [`RmsProp`], [`Adagrad`], [`Lion`]: optimizers that work in place and whose state has names;
//!   [`NamedGradients`] with clipping; [`WeightAverage`].
//!
//! Tensors, variables and the graph stay candle's own, so everything mixes with candle's operations and models.
//!
//! # Guarantees
//!
//! - The same bits for every number of threads: work is divided by shapes only, and sums have a fixed order.
//! - The same random numbers on every platform, forever, for one [`STREAM_VERSION`].
//! - Every operation has a gradient for every input of floating-point numbers; none cuts the graph silently.
//!   Every gradient is tested against finite differences, and every result against `PyTorch`.
//! - `unsafe` code in one place only: where new memory is filled in parallel without passing over it twice.
//!
//! # Limitations
//!
//! - The fast paths are for f32 and f64 on the CPU. On other devices and for other types the same functions use
//!   candle's operations.
//! - Bits may differ between processors of different kinds: the matrix products pick their kernels at run time.
//! - There is no gradient of a gradient.
//!
//! # Threads
//!
//! The operations run on the current `rayon` pool; run the training loop inside it (`pool.install(..)`), so that no
//! operation waits for the pool to wake up. Candle's own elementwise operations have a pool of their own, whose threads
//! spin for a while after each operation; where cores are few, start the process with
//! `CANDLE_BARRIER_POOL_SPIN_LIMIT=1` in its environment.
//! A global allocator that keeps freed memory, such as `mimalloc`, spares the system the zeroing of pages.
//!
//! # Example
//!
//! ```
//! use candle_core::{DType, Device, Tensor};
//! use steadfast_ops::{
//!     Adam, AdamOptions, Linear, NamedGradients, Optimizer, Seed, SeededParameters, StepContext, finite_loss, mse,
//! };
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let seed = Seed::new(42);
//! let parameters = SeededParameters::new(seed);
//! let layer = Linear::new(1, 1, &parameters.var_builder(DType::F32, &Device::Cpu).pp("fc"))?;
//! let mut optimizer = Adam::new(AdamOptions::default());
//!
//! // Learn y = 2 x + 1 from four points.
//! let x = Tensor::new(&[[0.0_f32], [1.0], [2.0], [3.0]], &Device::Cpu)?;
//! let y = Tensor::new(&[[1.0_f32], [3.0], [5.0], [7.0]], &Device::Cpu)?;
//! let mut last = f64::NAN;
//! for step in 0..500 {
//!     let prediction = layer.forward(&x, &StepContext::training(seed, step))?;
//!     let loss = mse(&prediction, &y)?;
//!     last = finite_loss(&loss)?;
//!     let variables = parameters.parameters();
//!     let mut gradients = NamedGradients::of(&loss, &variables)?;
//!     gradients.clip_norm(10.0)?;
//!     optimizer.step(&variables, &gradients, 0.05)?;
//! }
//! assert!(last < 1e-3, "the loss is {last}");
//! # Ok(())
//! # }
//! ```
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
    ChannelStatistics, Conv2dOptions, adaptive_avg_pool2d, add, add_relu, affine, attention, avg_pool2d, batch_norm,
    batch_norm_relu, batch_norm_with, channels_last, concat_last, conv2d, cross_entropy, cross_entropy_rows,
    depthwise_conv2d, dropout, embedding, flatten_from, gelu, gelu_tanh, global_mean, gru, layer_norm, linear, lstm,
    max_pool2d, mse, prepend_position, relu, relu6, reshape, self_attention, softmax_last_dim, take_position, tanh,
};
pub use optim::{
    Adagrad, AdagradOptions, Adam, AdamOptions, Lion, LionOptions, NamedGradients, Optimizer, OptimizerState, RmsProp,
    RmsPropOptions, Sgd, SgdOptions, WeightAverage, finite_loss,
};
pub use random::{Purpose, STREAM_VERSION, Seed, Stream, StreamKey};
