//! `cargo xtask tidy`: small rules that no compiler holds, each in the file named after what it reads.

mod arrows;
mod command;
mod documents;
mod finding;
mod project;
mod sources;
mod text;
mod tree;

pub(crate) use command::{COMMAND, run};
