//! `cargo xtask sweep`: the sample sweeps through the real runner, and what came of them.

mod command;
mod runner;
mod samples;

pub(crate) use command::{COMMAND, Options, run};
pub(crate) use runner::{build_for_tests, executable};
pub(crate) use samples::Size;
