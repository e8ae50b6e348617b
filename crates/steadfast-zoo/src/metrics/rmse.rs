//! The root of the mean squared error.

use steadfast_experiment::Goal;

use super::{Evidence, MetricEntry};

pub(super) const ENTRY: MetricEntry = MetricEntry {
    name: "rmse",
    summary: "root of the mean squared error over all numbers of all targets, in their unit",
    goal: Goal::Minimize,
    standard: false,
    value: |evidence| match evidence {
        Evidence::Values(evidence) => Some(evidence.mean_square().sqrt()),
        Evidence::Classes(_) | Evidence::Tokens(_) => None,
    },
};
