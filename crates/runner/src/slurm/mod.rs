//! `runner slurm`: the same batch on a cluster, as a job or an array of jobs that go on where they were stopped.

mod command;
mod folder;
mod options;
mod script;

pub(crate) use command::{SlurmArgs, run};
