//! Differentiable operations, each a function of tensors.

mod add;
mod attention;
mod avg_pool2d;
mod batch_norm;
mod conv2d;
mod cross_entropy;
mod dropout;
mod embedding;
mod gelu;
mod layer_norm;
mod linear;
mod max_pool2d;
mod mse;
mod relu;
mod softmax;
mod window;

pub use add::{add, flatten_from, reshape};
pub use attention::{attention, self_attention};
pub use avg_pool2d::{avg_pool2d, global_mean};
pub use batch_norm::{ChannelStatistics, batch_norm, batch_norm_with};
pub use conv2d::{Conv2dOptions, conv2d};
pub use cross_entropy::{cross_entropy, cross_entropy_rows};
pub use dropout::dropout;
pub use embedding::embedding;
pub use gelu::{gelu, gelu_tanh};
pub use layer_norm::layer_norm;
pub use linear::linear;
pub use max_pool2d::max_pool2d;
pub use mse::mse;
pub use relu::relu;
pub use softmax::softmax_last_dim;
