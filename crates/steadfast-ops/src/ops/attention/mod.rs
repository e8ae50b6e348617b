//! Scaled dot-product attention.

mod heads;
mod packed;
mod separate;

pub use packed::self_attention;
pub use separate::attention;
