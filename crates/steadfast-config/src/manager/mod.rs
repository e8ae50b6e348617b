//! From the paths and overrides of a command line to the configs of a batch.

mod batch;
mod discovery;
mod extends;
mod file;
mod layers;
mod merge;
mod overrides;

pub use batch::{ConfigManager, ConfigTree, MAX_EXPERIMENTS};
pub use layers::Layer;
pub use merge::merge_patch;
