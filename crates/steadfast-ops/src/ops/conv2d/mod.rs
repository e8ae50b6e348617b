//! Two-dimensional convolution.

mod columns;
mod convolution;
mod direct;
mod geometry;
mod gradients;

pub use convolution::{Conv2dOptions, conv2d};
