//! The mean absolute error.

use steadfast_experiment::Goal;

use super::{Evidence, MetricEntry};

pub(super) const ENTRY: MetricEntry = MetricEntry {
    name: "mae",
    summary: "mean absolute error, in the unit of the targets",
    goal: Goal::Minimize,
    standard: true,
    value: |evidence| match evidence {
        Evidence::Values(evidence) => Some(evidence.mean_absolute()),
        Evidence::Classes(_) | Evidence::Tokens(_) => None,
    },
};
