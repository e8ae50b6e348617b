//! The config of one experiment.

mod checkpoint;
mod config;
mod dataset_path;
mod device;
mod failure;
mod hyperparams;
mod init_from;
mod resolved;
mod run_name;
mod trajectory;

pub use checkpoint::{CheckpointConfig, Mode};
pub use config::ExperimentConfig;
pub use dataset_path::{DatasetLocation, DatasetPath};
pub use device::Device;
pub use failure::{FailureConfig, OnFailure};
pub use hyperparams::{EarlyStopping, Hyperparams};
pub use init_from::InitFromConfig;
pub use resolved::{ResolvedParts, config_json_bytes, sha256_hex};
pub use run_name::RunName;
pub use trajectory::{Change, diff, trajectory_view};
