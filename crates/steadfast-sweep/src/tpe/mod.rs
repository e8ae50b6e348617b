//! The tree-structured Parzen estimator: where good results are dense and bad ones are not.

mod estimate;
mod mixture;

pub use estimate::{TpeSettings, suggest};
