//! One HTML page about many runs, in a single file that opens from disk and asks nothing of any network.
//!
//! # Overview
//!
//! A [`Report`] goes in, a text comes out: [`page`] is a pure function. It reads no file, asks no clock and knows no other
//! crate of the workspace; whoever has runs in whatever form fills in [`RunRecord`]s.
//!
//! ```
//! use serde_json::json;
//! use steadfast_report::{Report, RunRecord, page};
//!
//! let run = RunRecord {
//!     name: "exp1".to_owned(),
//!     status: "completed".to_owned(),
//!     config: json!({"name": "exp1", "seed": 0, "hyperparams": {"lr": 0.01}}),
//!     result: json!({"epochs": 1, "best": {"epoch": 1, "val_loss": 0.25}}),
//!     metrics: vec![json!({"epoch": 1, "step": 10, "val_loss": 0.25}).as_object().unwrap().clone()],
//!     ..RunRecord::default()
//! };
//! let report = Report { title: "My <first> runs".to_owned(), runs: vec![run], ..Report::default() };
//! let html = page(&report);
//! assert!(html.starts_with("<!doctype html>"));
//! assert!(html.contains("<title>My &lt;first&gt; runs</title>"));
//! assert_eq!(html, page(&report), "the same runs give the same bytes");
//! ```
//!
//! What is on the page: a table of the runs with the parameters in which they differ, learning curves, groups of runs
//! that differ in nothing but their seed, which hyperparameters mattered, confusion matrices, failures, and where it all
//! came from.
//!
//! # Guarantees
//!
//! - **Nothing in a run is code.** Names, descriptions, tags and messages reach the page as escaped text or as JSON that
//!   holds no `<`, and the page's own policy lets no script run but its own.
//! - **No request.** The same policy forbids every one; style, script and data are in the file.
//! - **Figures are those of the run.** What stands in a `result.json` is passed on digit by digit. Curves alone are
//!   rounded, to single precision, and thinned out where a page would hold more than 640,000 values.
//! - **Equal runs give equal bytes**: no clock, no randomness, no order of hashing.
//!
//! # Limitations
//!
//! - Without JavaScript the page shows no more than a table.
//! - The importance of parameters is an estimate from the runs at hand; the `importance` module says how it is made.

mod base64;
mod curves;
mod environment;
mod escape;
mod forest;
mod groups;
mod importance;
mod page;
mod page_data;
mod parameters;
mod record;

pub use page::page;
pub use record::{Report, RunRecord};
