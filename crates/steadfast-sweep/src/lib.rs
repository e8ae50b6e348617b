//! Search spaces, samplers and early stopping: which experiment comes next, as a pure function of what is known.
//!
//! # Overview
//!
//! A [`Study`] says where points come from ([`Sampler`]), what is left out, and which trials are stopped early
//! ([`Stopping`]). A [`Search`] is asked for the next [`Task`] and told the [`Outcome`], until there is nothing left to do.
//!
//! ```
//! use steadfast_sweep::{
//!     Curve, Distribution, End, Goal, Outcome, Parameter, Sampler, Search, Stopping, Study, TpeSettings,
//! };
//!
//! let lr = Parameter { key: "lr".to_owned(), distribution: Distribution::LogUniform { min: 1e-4, max: 1.0 } };
//! let study = Study {
//!     sampler: Sampler::Tpe(TpeSettings::default()),
//!     space: vec![lr],
//!     exclude: Vec::new(),
//!     n: 30,
//!     seed: 0,
//!     goal: Goal::Minimize,
//!     stopping: Stopping::Never,
//! };
//! let mut search = Search::new(study);
//! while let Some(task) = search.next_task() {
//!     let lr = search.points()[task.trial].get("lr").and_then(serde_json::Value::as_f64).unwrap_or(1.0);
//!     // Train; here the best rate is 0.01.
//!     let loss = (lr.log10() + 2.0).powi(2);
//!     search.tell(task.trial, Outcome { curves: vec![Curve::new([(1, loss)])], end: End::Complete });
//! }
//! let (best, _) = search.ranking()[0];
//! let lr = search.points()[best].get("lr").and_then(serde_json::Value::as_f64).unwrap_or(1.0);
//! assert!((0.005..0.02).contains(&lr), "{lr}");
//! ```
//!
//! # Guarantees
//!
//! - The order of points is fixed: that of the axes, the last one changing fastest, or that of the draws.
//! - Whatever is decided is a function of the study and of what was told. Nothing has to be saved but the results: a search
//!   that is asked anew and told the same comes to the same place.
//! - A larger `n` adds points and changes none.
//! - No point comes twice, and none that is excluded.
//!
//! # Limitations
//!
//! - Trials come one after another; there is no suggestion for several at once.
//! - `docs/design/sweeps.md` says where the formulas come from and which crates were looked at.

mod axis;
mod curve;
mod distribution;
mod draws;
mod outcome;
mod point;
mod sampler;
mod search;
mod stopping;
mod tpe;

pub use axis::{Axis, is_excluded, product, product_size};
pub use curve::{Curve, Goal, Halt, Halts};
pub use distribution::{Distribution, Parameter};
pub use outcome::{End, Outcome, Standing, deviation, mean};
pub use point::Point;
pub use sampler::{SOBOL_DIMENSIONS, random_point, sobol_point};
pub use search::{Sampler, Search, Study, Task};
pub use stopping::{Halving, Median, Stopping};
pub use tpe::{TpeSettings, suggest};
