//! Which trials are stopped early, and which of them go on.

use crate::curve::{Goal, Halt};
use crate::outcome::{End, Outcome};

/// Which trials are stopped before their end.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Stopping {
    /// None.
    #[default]
    Never,
    /// All at the first rung; the best go on to the next one, and so on to the end.
    Halving(Halving),
    /// Those that are worse than half of the trials before them.
    Median(Median),
}

/// Successive halving: Jamieson and Talwalkar, "Non-stochastic Best Arm Identification and Hyperparameter
/// Optimization", AISTATS 2016.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Halving {
    /// Epochs after which is decided, rising.
    pub rungs: Vec<u64>,
    /// One in so many goes on.
    pub factor: u64,
}

/// The median rule: Golovin et al., "Google Vizier", KDD 2017, section 3.2.2, on best values instead of running means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Median {
    /// Trials that are left alone before anything is compared.
    pub warmup_trials: usize,
    /// Epochs that every trial gets.
    pub warmup_epochs: u64,
    /// Epochs from one decision to the next.
    pub every: u64,
    /// Epochs of a whole run: nothing is decided there.
    pub epochs: u64,
}

impl Halving {
    /// Rungs after `first` epochs, `first * factor` and so on, before the end of a run.
    pub fn new(first: u64, factor: u64, epochs: u64) -> Self {
        let (first, factor) = (first.max(1), factor.max(2));
        let rungs = std::iter::successors(Some(first), |rung| rung.checked_mul(factor));
        Self { rungs: rungs.take_while(|rung| *rung < epochs).collect(), factor }
    }

    /// The best of a cohort at a rung, in the order of their numbers: one in `factor`, and one at least. Those that failed
    /// do not go on.
    pub(crate) fn survivors(
        &self,
        cohort: &[usize],
        rung: u64,
        outcomes: &[Option<Outcome>],
        goal: Goal,
    ) -> Vec<usize> {
        let standing = |trial: usize| outcomes.get(trial)?.as_ref().map(|outcome| outcome.standing_at(rung, goal));
        let mut ranked: Vec<_> = cohort.iter().filter_map(|&trial| Some((trial, standing(trial)?))).collect();
        ranked.retain(|(_, standing)| standing.end != End::Failed && standing.value.is_some());
        ranked.sort_by(|left, right| left.1.compare(&right.1, goal).then(left.0.cmp(&right.0)));
        let factor = usize::try_from(self.factor).unwrap_or(usize::MAX);
        ranked.truncate((cohort.len() / factor).max(1));
        let mut survivors: Vec<usize> = ranked.into_iter().map(|(trial, _)| trial).collect();
        survivors.sort_unstable();
        survivors
    }
}

impl Median {
    /// Where a trial stops, given those before it: wherever its best value is worse than the median of theirs.
    pub(crate) fn halts(&self, before: &[&Outcome], goal: Goal) -> Vec<Halt> {
        if before.iter().filter(|outcome| outcome.end != End::Failed).count() < self.warmup_trials.max(1) {
            return Vec::new();
        }
        let step = usize::try_from(self.every.max(1)).unwrap_or(usize::MAX);
        let epochs = (self.warmup_epochs.max(1)..self.epochs).step_by(step);
        let halt = |epoch: u64| {
            let has_come_so_far = |outcome: &&&Outcome| match outcome.end {
                End::Complete => true,
                End::Paused(paused) => paused >= epoch,
                End::Failed => false,
            };
            let values = before.iter().filter(has_come_so_far).filter_map(|outcome| outcome.value_until(epoch, goal));
            median(values.collect()).map(|limit| Halt { epoch, unless: Some(limit) })
        };
        epochs.filter_map(halt).collect()
    }
}

/// The middle value; the mean of both where there are two.
fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let (lower, upper) = (values.get(values.len().checked_sub(1)? / 2)?, values.get(values.len() / 2)?);
    Some(f64::midpoint(*lower, *upper))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::curve::Curve;

    fn outcome(values: &[f64], end: End) -> Outcome {
        Outcome { curves: vec![Curve::new((1..).zip(values.iter().copied()))], end }
    }

    #[test]
    fn rungs_end_before_the_run_does() {
        assert_eq!(Halving::new(1, 3, 27).rungs, [1, 3, 9]);
        assert_eq!(Halving::new(1, 3, 28).rungs, [1, 3, 9, 27]);
        assert_eq!(Halving::new(5, 2, 5).rungs, [0; 0]);
    }

    #[test]
    fn the_best_go_on_whatever_came_later() {
        let outcomes: Vec<_> = [
            Some(outcome(&[0.5, 0.1], End::Complete)),
            Some(outcome(&[0.2], End::Paused(1))),
            Some(outcome(&[], End::Failed)),
            Some(outcome(&[0.4], End::Paused(1))),
        ]
        .into();
        let halving = Halving { rungs: vec![1], factor: 2 };
        assert_eq!(halving.survivors(&[0, 1, 2, 3], 1, &outcomes, Goal::Minimize), [1, 3]);
        assert_eq!(halving.survivors(&[0, 1, 2, 3], 1, &outcomes, Goal::Maximize), [0, 3]);
    }

    #[test]
    fn the_median_is_of_those_that_came_so_far() {
        let before = [
            outcome(&[0.5, 0.4, 0.3], End::Complete),
            outcome(&[0.6, 0.5, 0.2], End::Complete),
            outcome(&[0.9], End::Paused(1)),
        ];
        let median = Median { warmup_trials: 3, warmup_epochs: 1, every: 1, epochs: 3 };
        let halts = median.halts(&before.iter().collect::<Vec<_>>(), Goal::Minimize);
        assert_eq!(halts, [Halt { epoch: 1, unless: Some(0.6) }, Halt { epoch: 2, unless: Some(0.45) }]);
        assert!(
            median.halts(&before[..2].iter().collect::<Vec<_>>(), Goal::Minimize).is_empty(),
            "too few to compare with"
        );
    }
}
