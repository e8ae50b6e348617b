//! `cargo xtask sweep`: a grid of configs through the real runner, and a leaderboard of what came out.

mod command;
mod grid;
mod leaderboard;
mod runner;

pub(crate) use command::{COMMAND, Options, run};
pub(crate) use grid::Size;
pub(crate) use runner::{build_for_tests, executable};
