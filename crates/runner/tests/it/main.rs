//! The program as a user meets it: the real binary, real configs, real signals.

mod bad_input;
mod batch;
mod kill_loop;
mod program;
mod resume;
mod signals;
