//! The optimizers that `hyperparams.optimizer` can name. One file each; a new one is two lines here.

mod adam;
mod entry;
mod sgd;

pub use adam::{AdamConfig, AdamwConfig};
pub use entry::{OptimizerConfig, OptimizerEntry, Shorthands};
pub use sgd::SgdConfig;

/// Every optimizer, in the order in which they are listed.
pub const OPTIMIZERS: &[OptimizerEntry] = &[sgd::ENTRY, adam::ADAM, adam::ADAMW];
