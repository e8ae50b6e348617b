//! A tracking server of MLflow, spoken to over its REST interface.

mod client;
mod error;
mod run_data;
mod sync;

pub use error::MlflowError;
pub use sync::{Mlflow, Synced};
