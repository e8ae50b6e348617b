//! Optimizers whose state has names, and what is done to gradients before they are used.

mod adagrad;
mod adam;
mod average;
mod gradients;
mod lion;
mod optimizer;
mod pass;
mod rmsprop;
mod sgd;
mod update;

pub use adagrad::{Adagrad, AdagradOptions};
pub use adam::{Adam, AdamOptions};
pub use average::WeightAverage;
pub use gradients::{NamedGradients, finite_loss};
pub use lion::{Lion, LionOptions};
pub use optimizer::{Optimizer, OptimizerState};
pub use rmsprop::{RmsProp, RmsPropOptions};
pub use sgd::{Sgd, SgdOptions};
