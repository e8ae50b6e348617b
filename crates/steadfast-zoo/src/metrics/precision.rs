//! Precision: the share of right answers among the answers of one kind.

use steadfast_experiment::Goal;

use super::{Evidence, MetricEntry};

pub(super) const MACRO: MetricEntry = MetricEntry {
    name: "precision_macro",
    summary: "right answers among all answers of a class, the mean over the classes",
    goal: Goal::Maximize,
    standard: false,
    value: |evidence| match evidence {
        Evidence::Classes(evidence) => Some(evidence.macro_mean(|hits, answers, _| ratio(hits, answers))),
        Evidence::Values(_) | Evidence::Tokens(_) => None,
    },
};

/// With one answer for each sample every wrong answer is one too many for one class and one missing for another, so
/// all three micro means are the accuracy.
pub(super) const MICRO: MetricEntry = MetricEntry {
    name: "precision_micro",
    summary: "right answers among all answers of all classes together: the accuracy",
    goal: Goal::Maximize,
    standard: false,
    value: micro,
};

/// The micro mean of precision, recall and F1 alike.
pub(super) fn micro(evidence: &Evidence) -> Option<f64> {
    match evidence {
        Evidence::Classes(evidence) => Some(evidence.accuracy()),
        Evidence::Values(_) | Evidence::Tokens(_) => None,
    }
}

/// A share of nothing is zero, as `zero_division=0` says in scikit-learn.
pub(super) fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}
