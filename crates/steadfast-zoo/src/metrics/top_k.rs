//! The share of samples whose class is among the five likeliest.

use steadfast_experiment::Goal;

use super::{Evidence, MetricEntry};

pub(super) const ENTRY: MetricEntry = MetricEntry {
    name: "top5_accuracy",
    summary: "share of samples whose class is among the five likeliest, where there are more than five classes",
    goal: Goal::Maximize,
    standard: false,
    value,
};

fn value(evidence: &Evidence) -> Option<f64> {
    match evidence {
        Evidence::Classes(evidence) if evidence.classes() > 5 => Some(evidence.top_five()),
        Evidence::Classes(_) | Evidence::Values(_) | Evidence::Tokens(_) => None,
    }
}
