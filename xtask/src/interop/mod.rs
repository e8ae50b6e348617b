//! `cargo xtask interop`: what this project makes, held against the programs of others that read it.
//!
//! A check is a [`Check`](check::Check): what it needs, and a function. To add one, write a file and a line in `checks.rs`.

mod browser;
mod check;
mod checks;
mod command;
mod install;
mod mlflow;
mod samples;
mod slurm;
mod tensorboard;

pub(crate) use command::COMMAND;
