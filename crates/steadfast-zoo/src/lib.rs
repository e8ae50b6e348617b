//! The zoo: models, optimizers, schedulers and datasets that a config can name.
//!
//! # Overview
//!
//! Each component is one file that holds its parameters (a [`section!`](steadfast_config::section)), its code and its
//! tests, and one row in a table: [`models::MODELS`], [`optimizers::OPTIMIZERS`], [`schedulers::SCHEDULERS`],
//! [`datasets::DATASETS`], [`metrics::METRICS`]. The tables are what configs are looked up in and what the documentation is made from.
//!
//! [`register`] adds the experiments that combine them to a factory:
//!
//! ```
//! use steadfast_experiment::ExperimentFactory;
//!
//! let mut factory = ExperimentFactory::new();
//! steadfast_zoo::register(&mut factory);
//! assert!(factory.kinds().any(|kind| kind.name == "supervised"));
//! ```
//!
//! # Guarantees
//!
//! Every step is a pure function of the saved state, the seed and the position: the order of samples, dropout masks
//! and initial parameters are computed from counters, never drawn from a generator.

pub mod data_config;
pub mod datasets;
pub mod metrics;
pub mod models;
pub mod optimizers;
mod registry;
pub mod schedulers;
mod supervised;

use steadfast_experiment::ExperimentFactory;
pub use supervised::InputReader;

/// Adds every experiment of the zoo to a factory.
pub fn register(factory: &mut ExperimentFactory) {
    for kind in supervised::kinds() {
        factory.register(kind);
    }
}
