//! The page as somebody gets it: whole, quoted, and true to the runs.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall say where")]

mod numbers;
mod structure;
mod support;
mod untrusted;
