//! The Runner: configs in, results out, strictly one after another, and nothing is ever lost.
//!
//! # Overview
//!
//! [`main_with`] is the whole program. It loads and checks every config before anything runs, freezes them into a
//! queue, and works through it: each experiment in a worker process of its own, so that a crash or an out-of-memory
//! kill takes only that one. Progress goes to standard error, results to standard output, everything to the log of
//! each run.
//!
//! To run experiments of your own kind, write a `main` that registers them:
//!
//! ```no_run
//! use std::process::ExitCode;
//!
//! fn main() -> ExitCode {
//!     let mut factory = runner::standard_factory();
//!     // factory.register(my_kind());
//!     runner::main_with(&factory)
//! }
//! ```
//!
//! # Guarantees
//!
//! - A failing experiment does not stop the ones after it, unless it was told to.
//! - SIGINT, SIGTERM and SIGHUP finish the step, save and end; the same command continues.
//! - The exit code tells how the batch ended ([`Exit`]).

mod args;
mod attempts;
mod batch;
mod batch_bar;
mod best;
mod brief;
mod catalog;
mod check;
mod compare;
mod console;
mod control_echo;
mod cross_check;
mod environment;
mod evaluate;
mod exit_code;
mod explain;
mod export;
mod fingerprint;
mod forecast;
mod grid;
mod halting;
mod html_report;
mod inspect;
mod list;
mod live;
mod log_files;
mod log_observer;
mod logs;
mod look;
mod manual;
mod memory;
mod message;
mod npy;
mod number;
mod origin;
mod pace;
mod plain_file;
mod predict;
mod process;
mod program;
mod query;
mod reference;
mod render;
mod report;
mod room;
mod row;
mod run;
mod schema;
mod selection;
mod setup;
mod show;
mod show_log;
mod signals;
mod slurm;
mod step_watch;
mod style;
mod supervise;
mod sweep;
mod table;
mod top;
mod tracked;
mod trackers;
mod trained;
mod trial;
mod verify;
mod worker;
mod zoo;

pub use exit_code::Exit;
pub use program::{main_with, standard_factory};
