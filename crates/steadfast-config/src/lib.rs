//! Experiment configs: JSON text in, checked and typed values out, every problem marked in the source.
//!
//! # Overview
//!
//! A config goes through three stops:
//!
//! 1. [`parse`] turns text into a tree of [`Node`]s whose every key and value knows its [`Span`];
//! 2. a [`Section`], declared as one table with [`section!`], turns a tree into a typed value;
//! 3. whatever is wrong on the way is collected in [`Problems`] and comes out as one [`ConfigReport`].
//!
//! ```
//! use steadfast_config::{JsonPath, Problems, Section as _, Source, above, parse, section};
//!
//! section! {
//!     /// Stochastic gradient descent.
//!     pub struct SgdConfig {
//!         /// Step size.
//!         trajectory lr: f64 = 0.1, above(0.0);
//!         /// Share of the last step that is repeated.
//!         trajectory momentum: f64 = 0.0, 0.0..1.0;
//!         /// Look ahead along the momentum.
//!         trajectory nesterov: bool = false;
//!     }
//! }
//!
//! let source = Source::new("sgd.json", r#"{"lr": "0.5", "momentun": 0.9}"#);
//! let mut problems = Problems::new();
//! if let Some(node) = parse(&source, &mut problems) {
//!     SgdConfig::read(&node, &JsonPath::root(), &mut problems);
//! }
//! assert_eq!(
//!     format!("{:#}", problems.into_report()),
//!     "sgd.json:1:8: error: lr: expected a number, found the text \"0.5\"\n  \
//!        help: write it without quotes: 0.5\n\
//!      sgd.json:1:15: error: momentun: unknown key `momentun`\n  \
//!        help: did you mean `momentum`?"
//! );
//! assert_eq!(SgdConfig::default().momentum, 0.0);
//! ```
//!
//! The config of a whole experiment is the [`ExperimentConfig`], and [`ConfigManager`] loads a batch of them:
//! files and folders, files that extend others, overrides from the command line.
//! What a model, an optimizer or a data format can be told is not known here:
//! such parts stay [`Node`]s and [`Component`]s until their owners read them, so that their problems point into the
//! file as well.
//!
//! # Guarantees
//!
//! - All problems of all files are reported together, each with file, line, column, key and, where one is near,
//!   a suggestion.
//! - Nothing is accepted silently: no key that nobody reads, no key given twice, no number that would be rounded to
//!   infinity or to zero, no integer that would lose digits.
//! - A resolved config, written with [`config_json_bytes`] and read again, is equal to itself, bit by bit.
//! - No text makes the reader panic, and a hostile one costs little: a file has at most 1 MiB, 100,000 values and
//!   128 levels, a batch 10,000 experiments and 64 MiB. What is no regular file is never opened.
//! - Nothing that is printed holds control characters from a config.
//!
//! # Limitations
//!
//! - JSON is strict (RFC 8259): no comments, no trailing commas. A byte order mark at the start is skipped.
//! - A `null` in a file that extends another takes the key away, as RFC 7396 says, so the default comes back;
//!   an override on the command line sets `null` itself.
//! - Lines end with `\n` or `\r\n`; columns count characters, and a tab is one.

mod error;
mod experiment;
mod manager;
mod node;
mod number;
mod parser;
mod path;
#[doc(hidden)]
pub mod private;
mod problem;
mod report;
mod section;
mod source;
mod suggest;
mod wording;

pub use error::{DeviceError, RunNameError};
pub use experiment::{
    Change, CheckpointConfig, DatasetLocation, DatasetPath, Device, EarlyStopping, ExperimentConfig, FailureConfig,
    Hyperparams, InitFromConfig, Mode, OnFailure, ResolvedParts, RunName, config_json_bytes, diff, sha256_hex,
    trajectory_view,
};
pub use manager::{ConfigManager, ConfigTree, Layer, MAX_EXPERIMENTS, merge_patch};
pub use node::{Member, Node, Value};
pub use parser::{MAX_BYTES, parse};
pub use path::JsonPath;
pub use problem::{Problem, Problems, Severity};
pub use report::ConfigReport;
pub use section::{
    Bounds, Choice, Component, Field, FieldValue, Located, NoBounds, Role, Scalar, Section, Words, above, between,
    object_schema, wrong_type,
};
pub use source::{Source, Span};
pub use suggest::suggest;

/// The examples of the README are tested, too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
