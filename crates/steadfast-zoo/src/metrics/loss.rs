//! The mean loss: cross-entropy in nats, or squared error.

use steadfast_experiment::Goal;

use super::MetricEntry;

pub(super) const ENTRY: MetricEntry = MetricEntry {
    name: "loss",
    summary: "mean cross-entropy in nats without label smoothing, or mean squared error",
    goal: Goal::Minimize,
    standard: true,
    value: |evidence| Some(evidence.mean_loss()),
};

#[cfg(test)]
mod tests {
    use super::super::{ClassEvidence, Evidence, ValueEvidence};
    use super::*;

    #[test]
    fn it_is_the_mean() {
        let mut classes = ClassEvidence::new(2, false);
        classes.add(&[1.0, 2.0, 6.0], &[0.0; 6], &[0, 1, 1]);
        assert_eq!((ENTRY.value)(&Evidence::Classes(classes)), Some(3.0));
        let mut values = ValueEvidence::new(2);
        values.add(&[1.0, 2.0], &[2.0, 4.0]);
        assert_eq!((ENTRY.value)(&Evidence::Values(values)), Some(2.5));
    }
}
