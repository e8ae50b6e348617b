//! `runner sweep`: one config with many values, run one after another, and what came of it.

mod arguments;
mod drive;
mod expand;
mod file;
mod keyed;
mod leaderboard;
mod load;
mod names;
mod plan;
mod record;
mod search;

pub(crate) use arguments::SweepArgs;
pub(crate) use drive::run;
pub(crate) use file::{PRUNERS, Range, SEARCHES, SweepConfig, Way};
