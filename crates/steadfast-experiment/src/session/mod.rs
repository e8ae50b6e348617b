//! One start of one run: the things that the loop does, each by name.

mod finish;
mod start;
mod training;

pub use training::{Outcome, Parent, TrainContext};

pub(crate) use training::{Flow, Session};
