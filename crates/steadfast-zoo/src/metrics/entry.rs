//! How the table of metrics knows one.

use steadfast_experiment::Goal;

use super::Evidence;

/// One row of the table of metrics.
#[derive(Debug, Clone, Copy)]
pub struct MetricEntry {
    /// Its name; `val_` before it makes the name of the figure.
    pub name: &'static str,
    /// One line for people.
    pub summary: &'static str,
    /// Which direction is better.
    pub goal: Goal,
    /// Whether it is measured at every validation without being asked for.
    pub standard: bool,
    /// Its value; nothing where it has no meaning, such as an accuracy of values. Not a number where it has a meaning
    /// but no value, such as a mean over no samples.
    pub value: fn(&Evidence) -> Option<f64>,
}

impl MetricEntry {
    /// Whether it has a meaning for what such evidence is about.
    pub fn applies_to(&self, evidence: &Evidence) -> bool {
        (self.value)(evidence).is_some()
    }

    /// The name of the figure that validation measures.
    pub fn validation_name(&self) -> String {
        format!("val_{}", self.name)
    }
}
