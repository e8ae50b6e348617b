//! Runs in the forms of others: event files for TensorBoard, a client for MLflow, tables in CSV and Markdown.
//!
//! # Overview
//!
//! Everything starts from a [`TrackedRun`]: what is known of a run, read from wherever it lies. The crate opens no file and
//! knows no other crate of the workspace; only [`Mlflow`] does anything at all, and that is to talk to a server.
//!
//! ```
//! use serde_json::json;
//! use steadfast_interop::{RunState, TrackedRun, Update, event_file};
//!
//! let row = |epoch: u64| json!({"epoch": epoch, "step": 10 * epoch, "val_loss": 0.5}).as_object().unwrap().clone();
//! let mut run = TrackedRun { name: "exp1".to_owned(), rows: vec![row(1)], ..TrackedRun::default() };
//!
//! // The first time there is no file.
//! let Update::Replace(file) = event_file(&run, None) else { panic!() };
//! // Nothing is new.
//! assert_eq!(event_file(&run, Some(&file)), Update::Keep);
//! // A second epoch is added to the end, whatever a kill left there.
//! run.rows.push(row(2));
//! let torn = [&file[..], &[1, 2, 3]].concat();
//! let Update::Append { at, bytes } = event_file(&run, Some(&torn)) else { panic!() };
//! assert_eq!(at, file.len() as u64);
//! assert!(!bytes.is_empty());
//! ```
//!
//! # Guarantees
//!
//! - **Every export can be repeated.** An event file, a run of MLflow, a table: the second time changes nothing, and what
//!   is new is added once.
//! - **An event file holds the rows that it is given, each once**, however often writing was interrupted.
//! - **Texts of a run stay texts**: they are quoted in CSV and escaped in Markdown.
//! - **A server that is slow, absent or wrong is an error with a name**, within the time that was set; never a panic.
//!
//! # Limitations
//!
//! - TensorBoard shows single precision.
//! - MLflow is spoken to without TLS; through a tunnel or a proxy on this machine that is no matter.
//!
//! `docs/design/interop.md` says what is written where, and why.

mod crc32c;
mod event;
mod event_file;
mod leaves;
mod matrix_picture;
mod mlflow;
mod protobuf;
mod record;
mod run;
mod table;

pub use event_file::{EVENT_FILE, Update, event_file};
pub use mlflow::{Mlflow, MlflowError, Synced};
pub use run::{RunState, TrackedRun};
pub use table::{history_csv, markdown, runs_csv};
