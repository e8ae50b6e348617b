//! What arrives on the console and in the file, line by line.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod lines;
mod log_files;
mod support;
