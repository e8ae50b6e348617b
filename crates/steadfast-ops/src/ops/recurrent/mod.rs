//! Recurrent layers over whole sequences: long short-term memory and gated recurrent units.

mod cell;
mod gru;
mod lstm;
mod sequence;

pub use gru::gru;
pub use lstm::lstm;
