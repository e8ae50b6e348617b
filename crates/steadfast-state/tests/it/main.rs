//! The promises of the crate, held against real files, real processes and real faults.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod checkpoints;
mod child;
mod damage;
mod faults;
mod folders;
mod locking;
mod metrics;
mod recovery;
mod support;
mod sweeps;
