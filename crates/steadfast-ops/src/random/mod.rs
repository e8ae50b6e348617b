//! Counter-based randomness: every number is a function of seed, purpose and position.

mod fill;
mod purpose;
mod seed;
mod stream;

pub use purpose::Purpose;
pub use seed::{STREAM_VERSION, Seed, StreamKey};
pub use stream::Stream;
