//! F1: the harmonic mean of precision and recall.

use steadfast_experiment::Goal;

use super::precision::{micro, ratio};
use super::{Evidence, MetricEntry};

pub(super) const MACRO: MetricEntry = MetricEntry {
    name: "f1_macro",
    summary: "harmonic mean of the precision and the recall of a class, the mean over the classes",
    goal: Goal::Maximize,
    standard: false,
    value: |evidence| match evidence {
        Evidence::Classes(evidence) => {
            Some(evidence.macro_mean(|hits, answers, samples| ratio(2.0 * hits, answers + samples)))
        }
        Evidence::Values(_) | Evidence::Tokens(_) => None,
    },
};

pub(super) const MICRO: MetricEntry = MetricEntry {
    name: "f1_micro",
    summary: "the same of all classes together: the accuracy",
    goal: Goal::Maximize,
    standard: false,
    value: micro,
};
