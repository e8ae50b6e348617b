//! Random changes to training samples.

mod augmentation;
mod color;
mod config;
mod geometry;
mod mixup;

pub use augmentation::Augmentation;
pub use config::AugmentConfig;
pub use mixup::Mix;
