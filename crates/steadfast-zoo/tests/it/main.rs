//! The zoo through its public door: every component of every table, and training that resumes to the bit.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall say where")]

mod bench;
mod configs;
mod data;
mod formula;
mod inference;
mod init_from;
mod kinds;
mod learning;
mod models;
mod pytorch_models;
mod pytorch_training;
mod resume;
mod tables;
