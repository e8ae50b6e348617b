//! The metrics that validation measures. One file each; a new one is two lines here.

mod accuracy;
mod bits_per_character;
mod entry;
mod evidence;
mod f1;
mod loss;
mod mae;
mod perplexity;
mod precision;
mod r2;
mod recall;
mod rmse;
mod roc_auc;
mod selection;
#[cfg(test)]
mod sklearn;
mod top_k;

pub use entry::MetricEntry;
pub(crate) use evidence::answer;
pub use evidence::{ClassEvidence, Evidence, TokenEvidence, ValueEvidence};
pub use selection::Selection;
pub(crate) use selection::report;

/// Every metric, in the order in which they are measured and listed.
pub const METRICS: &[MetricEntry] = &[
    loss::ENTRY,
    accuracy::ENTRY,
    top_k::ENTRY,
    precision::MACRO,
    precision::MICRO,
    recall::MACRO,
    recall::MICRO,
    f1::MACRO,
    f1::MICRO,
    roc_auc::ENTRY,
    mae::ENTRY,
    rmse::ENTRY,
    r2::ENTRY,
    perplexity::ENTRY,
    bits_per_character::ENTRY,
];
