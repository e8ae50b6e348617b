//! The best epoch so far, and how long ago it was.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Bits, Metrics};

/// Which direction is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// Smaller is better, as for a loss.
    Minimize,
    /// Larger is better, as for an accuracy.
    Maximize,
}

impl Goal {
    /// Whether `value` is better than `best` by more than `min_delta`. NaN is never better.
    pub fn improves(self, value: f64, best: f64, min_delta: f64) -> bool {
        match self {
            _ if value.is_nan() => false,
            _ if best.is_nan() => true,
            Self::Minimize => value < best - min_delta,
            Self::Maximize => value > best + min_delta,
        }
    }
}

/// The best epoch so far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// The epoch, from 1.
    pub epoch: u64,
    /// Steps done at its end.
    pub step: u64,
    /// All its figures.
    pub metrics: Metrics,
    /// What else its validation found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Value>,
}

/// Counts the epochs without progress.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Patience {
    /// The value that the next epochs have to beat.
    reference: Option<Bits>,
    /// Epochs since the reference was set.
    waited: u64,
}

impl Patience {
    /// Takes in the value of one more epoch.
    pub fn update(&mut self, value: f64, goal: Goal, min_delta: f64) {
        let improves = self.reference.is_none_or(|best| goal.improves(value, best.0, min_delta));
        if improves {
            self.reference = Some(Bits(value));
            self.waited = 0;
        } else {
            self.waited += 1;
        }
    }

    /// Epochs since the last progress.
    pub fn waited(&self) -> u64 {
        self.waited
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waited(values: &[f64], goal: Goal, min_delta: f64) -> u64 {
        let mut patience = Patience::default();
        for value in values {
            patience.update(*value, goal, min_delta);
        }
        patience.waited()
    }

    #[test]
    fn progress_resets_the_count() {
        assert_eq!(waited(&[3.0, 2.0, 2.5, 2.1], Goal::Minimize, 0.0), 2);
        assert_eq!(waited(&[3.0, 2.0, 2.5, 1.9], Goal::Minimize, 0.0), 0);
        assert_eq!(waited(&[0.5, 0.6, 0.6], Goal::Maximize, 0.0), 1);
    }

    #[test]
    fn small_progress_does_not_count() {
        assert_eq!(waited(&[3.0, 2.95, 2.91], Goal::Minimize, 0.1), 2);
    }

    #[test]
    fn nan_is_never_progress_and_never_blocks_it() {
        assert_eq!(waited(&[1.0, f64::NAN], Goal::Minimize, 0.0), 1);
        assert_eq!(waited(&[f64::NAN, 1.0], Goal::Minimize, 0.0), 0);
        assert!(!Goal::Maximize.improves(f64::NAN, f64::NEG_INFINITY, 0.0));
    }
}
