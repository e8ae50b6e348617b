//! What is known of a run: a figure for each epoch, and where it is to stop.

use serde::{Deserialize, Serialize};

/// Which direction of the metric is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// Less is better.
    Minimize,
    /// More is better.
    Maximize,
}

impl Goal {
    /// Whether `value` is better than `other`.
    pub fn prefers(self, value: f64, other: f64) -> bool {
        self.cost(value) < self.cost(other)
    }

    /// The value as something to make small.
    pub fn cost(self, value: f64) -> f64 {
        match self {
            Self::Minimize => value,
            Self::Maximize => -value,
        }
    }
}

/// The metric after each epoch of one run, in the order of the epochs. Figures that are not finite are left out.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Curve(Vec<(u64, f64)>);

impl Curve {
    /// A curve of epochs and values.
    pub fn new(values: impl IntoIterator<Item = (u64, f64)>) -> Self {
        Self(values.into_iter().filter(|(_, value)| value.is_finite()).collect())
    }

    /// Adds an epoch.
    pub fn push(&mut self, epoch: u64, value: f64) {
        if value.is_finite() {
            self.0.push((epoch, value));
        }
    }

    /// The best epoch up to and with `epoch`, and its value; the earliest of equal ones.
    pub fn best(&self, epoch: u64, goal: Goal) -> Option<(u64, f64)> {
        let known = self.0.iter().copied().filter(|(own, _)| *own <= epoch);
        known.reduce(|best, other| if goal.prefers(other.1, best.1) { other } else { best })
    }

    /// The last epoch.
    pub fn last_epoch(&self) -> u64 {
        self.0.last().map_or(0, |(epoch, _)| *epoch)
    }

    /// The same without what comes after an epoch.
    #[must_use = "the curve is returned, not changed in place"]
    pub fn until(&self, epoch: u64) -> Self {
        Self(self.0.iter().copied().filter(|(own, _)| *own <= epoch).collect())
    }
}

/// An epoch after which a run stops, resumable.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Halt {
    /// After this epoch.
    pub epoch: u64,
    /// Only if the best value so far is worse than this one; `None` for always.
    pub unless: Option<f64>,
}

/// Where a run stops before its end, decided before it starts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Halts {
    /// Which direction of the metric is better.
    pub goal: Goal,
    /// In the order of their epochs.
    pub halts: Vec<Halt>,
}

impl Halts {
    /// The epoch at which a run with this curve stops, if it has come so far.
    pub fn due(&self, curve: &Curve, epochs: u64) -> Option<u64> {
        let is_due = |halt: &&Halt| {
            let best = curve.best(halt.epoch, self.goal).map(|(_, value)| value);
            halt.epoch <= epochs
                && halt.unless.is_none_or(|limit| best.is_none_or(|best| self.goal.prefers(limit, best)))
        };
        self.halts.iter().find(is_due).map(|halt| halt.epoch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_is_that_of_the_epochs_that_were_asked_for() {
        let curve = Curve::new([(1, 0.5), (2, 0.4), (3, f64::NAN), (4, 0.4), (5, 0.1)]);
        assert_eq!(curve.best(4, Goal::Minimize), Some((2, 0.4)));
        assert_eq!(curve.best(9, Goal::Minimize), Some((5, 0.1)));
        assert_eq!(curve.best(9, Goal::Maximize), Some((1, 0.5)));
        assert_eq!(curve.best(0, Goal::Minimize), None);
        assert_eq!(curve.until(2).last_epoch(), 2);
    }

    #[test]
    fn a_run_stops_at_the_first_halt_that_it_does_not_pass() {
        let halts = |halts: &[(u64, Option<f64>)]| Halts {
            goal: Goal::Minimize,
            halts: halts.iter().map(|&(epoch, unless)| Halt { epoch, unless }).collect(),
        };
        let curve = Curve::new([(1, 0.5), (2, 0.4), (3, 0.3)]);
        assert_eq!(halts(&[(2, None)]).due(&curve, 3), Some(2));
        assert_eq!(halts(&[(2, None)]).due(&curve, 1), None, "not yet there");
        assert_eq!(halts(&[(1, Some(0.5)), (2, Some(0.3)), (3, None)]).due(&curve, 3), Some(2), "equal is not worse");
        assert_eq!(halts(&[(3, Some(0.1))]).due(&Curve::default(), 3), Some(3), "nothing finite is worse than all");
    }
}
