//! Pictures: what their headers say, how they are decoded and brought to one size, and a set of them that need not be
//! in memory.

mod decode;
#[cfg(test)]
pub(super) mod fixture;
mod header;
mod lazy;
mod plan;
mod resize;

pub use lazy::LazyImages;
pub(super) use lazy::{Encoded, Origin, open};
