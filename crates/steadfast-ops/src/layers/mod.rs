//! Thin layers: parameters with `PyTorch`'s names and first values around the operations.

mod batch_norm;
mod conv2d;
mod dropout;
mod embedding;
mod layer_norm;
mod linear;
mod uniform;

pub use batch_norm::BatchNorm;
pub use conv2d::Conv2d;
pub use dropout::Dropout;
pub use embedding::Embedding;
pub use layer_norm::LayerNorm;
pub use linear::Linear;
