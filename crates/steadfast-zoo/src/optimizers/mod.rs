//! The optimizers that `hyperparams.optimizer` can name. One file each; a new one is two lines here.

mod adagrad;
mod adam;
mod entry;
mod lion;
mod rmsprop;
mod sgd;

pub use adagrad::AdagradConfig;
pub use adam::{AdamConfig, AdamwConfig};
pub use entry::{OptimizerConfig, OptimizerEntry, Shorthands};
pub use lion::LionConfig;
pub use rmsprop::RmspropConfig;
pub use sgd::SgdConfig;

/// Every optimizer, in the order in which they are listed.
pub const OPTIMIZERS: &[OptimizerEntry] =
    &[sgd::ENTRY, adam::ADAM, adam::ADAMW, rmsprop::ENTRY, adagrad::ENTRY, lion::ENTRY];
