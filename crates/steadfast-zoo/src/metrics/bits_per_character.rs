//! Bits per character: a loss that does not depend on how the text is cut into tokens.

use steadfast_experiment::Goal;

use super::{Evidence, MetricEntry};

pub(super) const ENTRY: MetricEntry = MetricEntry {
    name: "bits_per_character",
    summary: "bits that the model needs to tell one character of the text",
    goal: Goal::Minimize,
    standard: true,
    value: |evidence| match evidence {
        Evidence::Tokens(evidence) => Some(evidence.bits_per_character()),
        Evidence::Classes(_) | Evidence::Values(_) => None,
    },
};
