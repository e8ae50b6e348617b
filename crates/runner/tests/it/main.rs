//! The program as a user meets it: the real binary, real configs, real signals.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall say where")]

mod bad_configs;
mod bad_input;
mod batch;
mod docs;
mod exports;
mod kill_loop;
mod limits;
mod lineage;
mod list;
mod manual;
mod preflight;
mod program;
mod pty;
mod reference;
mod resume;
mod schema;
mod show_log;
mod signals;
mod slurm;
mod sweeps;
mod terminal;
mod top;
mod trained;
mod verify;
mod views;
