//! The client of MLflow against a server of our own that answers as told: also late, wrong, or not at all.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall say where")]

mod mlflow;
mod server;
