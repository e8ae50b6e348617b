//! The share of right answers.

use steadfast_experiment::Goal;

use super::{Evidence, MetricEntry};

pub(super) const ENTRY: MetricEntry = MetricEntry {
    name: "accuracy",
    summary: "share of right answers; of a text, of right next tokens",
    goal: Goal::Maximize,
    standard: true,
    value,
};

fn value(evidence: &Evidence) -> Option<f64> {
    match evidence {
        Evidence::Classes(evidence) => Some(evidence.accuracy()),
        Evidence::Tokens(evidence) => Some(evidence.accuracy()),
        Evidence::Values(_) => None,
    }
}
