//! The coefficient of determination.

use steadfast_experiment::Goal;

use super::{Evidence, MetricEntry};

pub(super) const ENTRY: MetricEntry = MetricEntry {
    name: "r2",
    summary: "share of the targets' variance that is explained, the mean over the numbers of a target",
    goal: Goal::Maximize,
    standard: true,
    value: |evidence| match evidence {
        Evidence::Values(evidence) => Some(evidence.determination()),
        Evidence::Classes(_) | Evidence::Tokens(_) => None,
    },
};
