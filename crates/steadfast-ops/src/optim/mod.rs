//! Optimizers whose state has names, and what is done to gradients before they are used.

mod adam;
mod gradients;
mod optimizer;
mod sgd;
mod update;

pub use adam::{Adam, AdamOptions};
pub use gradients::{NamedGradients, finite_loss};
pub use optimizer::{Optimizer, OptimizerState};
pub use sgd::{Sgd, SgdOptions};
