//! Perplexity: among how many equally likely tokens the model chooses.

use steadfast_experiment::Goal;

use super::{Evidence, MetricEntry};

pub(super) const ENTRY: MetricEntry = MetricEntry {
    name: "perplexity",
    summary: "e to the power of the loss: among how many equally likely tokens the model chooses",
    goal: Goal::Minimize,
    standard: true,
    value: |evidence| match evidence {
        Evidence::Tokens(_) => Some(evidence.mean_loss().exp()),
        Evidence::Classes(_) | Evidence::Values(_) => None,
    },
};
