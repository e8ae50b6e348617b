//! What came of a trial, and which of two is the better one.

use std::cmp::Ordering;

use crate::curve::{Curve, Goal};

/// How far the runs of a trial have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// To their end.
    Complete,
    /// To a halt after this epoch.
    Paused(u64),
    /// One of them failed.
    Failed,
}

/// What is known of a trial: the curve of each of its runs, one for each seed.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The curve of each run.
    pub curves: Vec<Curve>,
    /// How far they have come.
    pub end: End,
}

/// Where a trial stands among the others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standing {
    /// How far it has come.
    pub end: End,
    /// The mean of the best values of its runs.
    pub value: Option<f64>,
}

impl Outcome {
    /// The mean of the best values that the runs had up to and with an epoch; nothing if one of them had none.
    pub fn value_until(&self, epoch: u64, goal: Goal) -> Option<f64> {
        let values: Option<Vec<f64>> =
            self.curves.iter().map(|curve| curve.best(epoch, goal).map(|(_, value)| value)).collect();
        values.filter(|values| !values.is_empty()).map(|values| mean(&values))
    }

    /// Where the trial stands now.
    pub fn standing(&self, goal: Goal) -> Standing {
        let value = if self.end == End::Failed { None } else { self.value_until(u64::MAX, goal) };
        Standing { end: self.end, value }
    }

    /// Where the trial stood after an epoch, whatever came later.
    pub fn standing_at(&self, epoch: u64, goal: Goal) -> Standing {
        let value = if self.end == End::Failed { None } else { self.value_until(epoch, goal) };
        Standing { end: if self.end == End::Failed { End::Failed } else { End::Paused(epoch) }, value }
    }
}

impl Standing {
    /// The better one first: those that came to their end, then those that came far, then by value. A trial without a
    /// value comes last.
    pub fn compare(&self, other: &Self, goal: Goal) -> Ordering {
        let key = |standing: &Self| match (standing.end, standing.value) {
            (End::Failed, _) | (_, None) => (2, 0, f64::INFINITY),
            (End::Complete, Some(value)) => (0, 0, goal.cost(value)),
            (End::Paused(epoch), Some(value)) => (1, u64::MAX - epoch, goal.cost(value)),
        };
        let (left, right) = (key(self), key(other));
        left.0.cmp(&right.0).then(left.1.cmp(&right.1)).then(left.2.total_cmp(&right.2))
    }
}

/// The arithmetic mean.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The standard deviation of a sample, with one less than its number as divisor; nothing for a single value.
pub fn deviation(values: &[f64]) -> Option<f64> {
    let middle = mean(values);
    let squares: f64 = values.iter().map(|value| (value - middle) * (value - middle)).sum();
    (values.len() > 1).then(|| libm::sqrt(squares / (values.len() - 1) as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_runs_come_before_stopped_ones_and_those_before_failed_ones() {
        let standing = |end, value| Standing { end, value };
        let in_order = [
            standing(End::Complete, Some(0.5)),
            standing(End::Complete, Some(0.6)),
            standing(End::Paused(9), Some(0.7)),
            standing(End::Paused(3), Some(0.1)),
            standing(End::Failed, None),
        ];
        for pair in in_order.windows(2) {
            assert_eq!(pair[0].compare(&pair[1], Goal::Minimize), Ordering::Less, "{pair:?}");
        }
        assert_eq!(in_order[0].compare(&in_order[1], Goal::Maximize), Ordering::Greater);
    }

    #[test]
    fn the_value_of_a_trial_is_the_mean_over_its_seeds() {
        let curves = vec![Curve::new([(1, 0.4), (2, 0.2)]), Curve::new([(1, 0.6), (2, 0.8)])];
        let outcome = Outcome { curves, end: End::Complete };
        assert_eq!(outcome.value_until(1, Goal::Minimize), Some(0.5));
        assert_eq!(outcome.standing(Goal::Minimize).value, Some(0.4));
        let half = Outcome { curves: vec![Curve::new([(1, 0.4)]), Curve::default()], end: End::Complete };
        assert_eq!(half.standing(Goal::Minimize).value, None, "a run without a figure");
    }

    #[test]
    fn the_deviation_is_that_of_a_sample() {
        // python3 -c "import statistics; print(statistics.stdev([1, 2, 4]))"
        assert!((deviation(&[1.0, 2.0, 4.0]).unwrap() - 1.5275252316519468).abs() < 1e-15);
        assert_eq!(deviation(&[1.0]), None);
    }
}
