//! Which metrics a run measures.

use serde_json::{Map, Value, json};
use steadfast_experiment::{Metrics, json_number};

use super::{Evidence, METRICS, MetricEntry};

/// More classes than this make a confusion matrix that nobody reads.
const CONFUSION_LIMIT: usize = 64;

/// The metrics that a run measures at each validation.
#[derive(Debug, Clone, Default)]
pub struct Selection(Vec<&'static MetricEntry>);

impl Selection {
    /// The names of all figures that a validation can measure.
    pub fn known() -> impl Iterator<Item = String> {
        METRICS.iter().map(MetricEntry::validation_name)
    }

    /// The metric that a name means, with `val_` before it or without.
    pub fn find(name: &str) -> Option<&'static MetricEntry> {
        let plain = name.strip_prefix("val_").unwrap_or(name);
        METRICS.iter().find(|entry| entry.name == plain)
    }

    /// The standard metrics for such evidence, those that are asked for, and those of the `watched` ones that have a
    /// meaning. Names have `val_` before them or not; names of no metric are left out, as figures of training have none.
    ///
    /// # Errors
    ///
    /// The first metric that is asked for and has no meaning here, and those that have.
    pub fn new<'a>(
        evidence: &Evidence,
        asked: impl IntoIterator<Item = &'a str>,
        watched: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, (&'static str, Vec<&'static str>)> {
        let asked: Vec<&MetricEntry> = asked.into_iter().filter_map(Self::find).collect();
        if let Some(senseless) = asked.iter().find(|entry| !entry.applies_to(evidence)) {
            let known = METRICS.iter().filter(|entry| entry.applies_to(evidence)).map(|entry| entry.name);
            return Err((senseless.name, known.collect()));
        }
        let named: Vec<&MetricEntry> = asked.into_iter().chain(watched.into_iter().filter_map(Self::find)).collect();
        let wanted = |entry: &&MetricEntry| entry.standard || named.iter().any(|named| named.name == entry.name);
        Ok(Self(METRICS.iter().filter(|entry| entry.applies_to(evidence)).filter(wanted).collect()))
    }

    /// Every metric that has a meaning for such evidence.
    pub fn all(evidence: &Evidence) -> Self {
        Self(METRICS.iter().filter(|entry| entry.applies_to(evidence)).collect())
    }

    /// Whether one of them needs the scores of all samples.
    pub fn needs_scores(&self) -> bool {
        self.0.iter().any(|entry| entry.name == super::roc_auc::ENTRY.name)
    }

    /// Their values, named `val_...`.
    pub fn measure(&self, evidence: &Evidence) -> Metrics {
        let value = |entry: &&MetricEntry| Some((entry.validation_name(), (entry.value)(evidence)?));
        self.0.iter().filter_map(value).collect()
    }
}

/// All that can be said without the scores of all samples, for `result.json`: every metric by its plain name, and the
/// confusion matrix with a row for each class and a column for each answer.
pub(crate) fn report(evidence: &Evidence, selection: &Selection, class_names: &[String]) -> Value {
    let mut report = Map::new();
    for entry in METRICS {
        let possible = entry.name != super::roc_auc::ENTRY.name || selection.needs_scores();
        if let Some(value) = (entry.value)(evidence).filter(|_| possible) {
            report.insert(entry.name.to_owned(), json_number(value));
        }
    }
    if let Evidence::Classes(evidence) = evidence
        && evidence.classes() <= CONFUSION_LIMIT
    {
        let counts: Vec<&[u64]> = evidence.confusion().collect();
        report.insert("confusion_matrix".to_owned(), json!({"classes": class_names, "counts": counts}));
    }
    report.into()
}

#[cfg(test)]
mod tests {
    use super::super::{ClassEvidence, ValueEvidence};
    use super::*;

    fn names(selection: &Selection) -> Vec<&'static str> {
        selection.0.iter().map(|entry| entry.name).collect()
    }

    #[test]
    fn what_is_asked_for_is_measured_in_the_order_of_the_table() {
        let evidence = Evidence::Classes(ClassEvidence::new(3, false));
        let selection = Selection::new(&evidence, ["f1_macro"], ["train_loss", "val_roc_auc", "val_mae"]).unwrap();
        assert_eq!(names(&selection), ["loss", "accuracy", "f1_macro", "roc_auc"]);
        assert!(selection.needs_scores());
        assert!(!Selection::new(&evidence, [], []).unwrap().needs_scores());
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let values = Evidence::Values(ValueEvidence::new(1));
        let (name, known) = Selection::new(&values, ["val_accuracy"], []).unwrap_err();
        assert_eq!((name, known), ("accuracy", vec!["loss", "mae", "rmse", "r2"]));
        let few = Evidence::Classes(ClassEvidence::new(5, false));
        assert_eq!(Selection::new(&few, ["top5_accuracy"], []).unwrap_err().0, "top5_accuracy");
    }

    #[test]
    fn every_name_is_one_of_its_own() {
        for (index, entry) in METRICS.iter().enumerate() {
            assert!(METRICS[..index].iter().all(|other| other.name != entry.name), "{}", entry.name);
            assert!(!entry.summary.is_empty());
        }
    }
}
