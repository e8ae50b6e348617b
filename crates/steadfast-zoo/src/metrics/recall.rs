//! Recall: the share of the samples of a class that were found.

use steadfast_experiment::Goal;

use super::precision::{micro, ratio};
use super::{Evidence, MetricEntry};

pub(super) const MACRO: MetricEntry = MetricEntry {
    name: "recall_macro",
    summary: "right answers among all samples of a class, the mean over the classes",
    goal: Goal::Maximize,
    standard: false,
    value: |evidence| match evidence {
        Evidence::Classes(evidence) => Some(evidence.macro_mean(|hits, _, samples| ratio(hits, samples))),
        Evidence::Values(_) | Evidence::Tokens(_) => None,
    },
};

pub(super) const MICRO: MetricEntry = MetricEntry {
    name: "recall_micro",
    summary: "right answers among all samples of all classes together: the accuracy",
    goal: Goal::Maximize,
    standard: false,
    value: micro,
};
