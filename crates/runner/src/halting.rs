//! A run that stops after a certain epoch, because a search wants to compare it with others before it goes on.

use std::cell::{Cell, RefCell};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use steadfast_experiment::Event;
use steadfast_sweep::{Curve, Halts};

/// Where a run stops, and the metric that this depends on. Decided before it starts, so that the run itself is what it
/// would be alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Halting {
    pub(crate) metric: String,
    pub(crate) halts: Halts,
}

impl Halting {
    /// The curve of the metric in rows of `metrics.jsonl`.
    pub(crate) fn curve(&self, rows: &[Map<String, Value>]) -> Curve {
        Curve::new(rows.iter().filter_map(|row| Some((row.get("epoch")?.as_u64()?, row.get(&self.metric)?.as_f64()?))))
    }

    /// The epoch at which a run with this curve and so many epochs stops.
    pub(crate) fn due(&self, curve: &Curve, epochs: u64) -> Option<u64> {
        self.halts.due(curve, epochs)
    }
}

/// Watches a run for its halts.
#[derive(Debug)]
pub(crate) struct HaltWatch {
    halting: Halting,
    /// The epochs before this start, then those of it.
    curve: RefCell<Curve>,
    is_due: Cell<bool>,
}

impl HaltWatch {
    /// Watches a run that has left these rows.
    pub(crate) fn new(halting: Halting, rows: &[Map<String, Value>]) -> Self {
        let curve = RefCell::new(halting.curve(rows));
        Self { halting, curve, is_due: Cell::new(false) }
    }

    /// Whether the run shall stop.
    pub(crate) fn is_due(&self) -> bool {
        self.is_due.get()
    }

    pub(crate) fn notice(&self, event: &Event) {
        let epochs = match event {
            Event::Started { epoch, .. } => {
                // Rows behind the checkpoint will be written again.
                let known = self.curve.borrow().until(*epoch);
                self.curve.replace(known);
                *epoch
            }
            Event::Epoch { epoch, metrics, .. } => {
                if let Some(value) = metrics.get(&self.halting.metric) {
                    self.curve.borrow_mut().push(*epoch, value);
                }
                *epoch
            }
            _ => return,
        };
        if self.halting.due(&self.curve.borrow(), epochs).is_some() {
            self.is_due.set(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use steadfast_experiment::Metrics;
    use steadfast_sweep::{Goal, Halt};

    use super::*;

    fn watch(halts: Vec<Halt>, rows: &[Value]) -> HaltWatch {
        let halting = Halting { metric: "val_loss".to_owned(), halts: Halts { goal: Goal::Minimize, halts } };
        let rows: Vec<_> = rows.iter().filter_map(|row| row.as_object().cloned()).collect();
        HaltWatch::new(halting, &rows)
    }

    fn started(epoch: u64) -> Event {
        Event::Started { epoch, step: 10 * epoch, epochs: 9, steps_per_epoch: 10, resumed: epoch > 0 }
    }

    fn epoch(epoch: u64, value: f64) -> Event {
        let mut metrics = Metrics::default();
        metrics.set("val_loss", value);
        Event::Epoch { epoch, step: 10 * epoch, metrics, seconds: 0.0, samples_per_s: 0.0, is_best: false }
    }

    #[test]
    fn a_run_stops_at_its_rung_and_not_before() {
        let watch = watch(vec![Halt { epoch: 2, unless: None }], &[]);
        watch.notice(&started(0));
        watch.notice(&epoch(1, 0.5));
        assert!(!watch.is_due());
        watch.notice(&epoch(2, 0.5));
        assert!(watch.is_due());
    }

    #[test]
    fn a_run_that_was_killed_at_its_rung_does_nothing_more() {
        let watch = watch(vec![Halt { epoch: 2, unless: None }], &[]);
        watch.notice(&started(2));
        assert!(watch.is_due());
    }

    #[test]
    fn what_was_before_the_checkpoint_counts_and_what_was_behind_it_comes_again() {
        let rows = [json!({"epoch": 1, "val_loss": 0.9}), json!({"epoch": 2, "val_loss": 0.1})];
        let watch = watch(vec![Halt { epoch: 2, unless: Some(0.5) }], &rows);
        watch.notice(&started(1));
        watch.notice(&epoch(2, 0.6));
        assert!(watch.is_due());
    }
}
