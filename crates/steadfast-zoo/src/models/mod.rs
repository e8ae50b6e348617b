//! The models that `model_type` can name. One file each; a new one is two lines here.

mod cnn;
mod entry;
mod linear;
mod mlp;

pub use cnn::{Cnn, CnnConfig};
pub use entry::{Model, ModelConfig, ModelEntry, ModelShape, ModelTask};
pub use linear::{LinearConfig, LinearModel};
pub use mlp::{Mlp, MlpConfig};

/// Every model, in the order in which they are listed.
pub const MODELS: &[ModelEntry] = &[linear::ENTRY, mlp::ENTRY, cnn::ENTRY];
