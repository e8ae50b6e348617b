//! Two-dimensional convolution.

mod columns;
mod convolution;
mod geometry;
mod gradients;

pub use convolution::{Conv2dOptions, conv2d};
