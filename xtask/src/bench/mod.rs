//! `cargo xtask bench`: what a step, a start, a check and a whole run cost, and what they cost elsewhere.

mod command;
mod measure;
mod overhead;
mod steps;
mod table;
mod whole;

pub(crate) use command::COMMAND;
