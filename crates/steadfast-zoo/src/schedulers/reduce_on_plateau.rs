//! A learning rate that falls when a metric has stopped getting better, as
//! `torch.optim.lr_scheduler.ReduceLROnPlateau`.
//!
//! Unlike the other schedules it depends on what was measured, so it has a state: [`Plateau`], which is saved with the
//! run.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use steadfast_config::{Located, Mode, Section, choice, section};
use steadfast_experiment::{Bits, Goal, Monitor};

use super::{Moment, Scheduler, SchedulerEntry};

pub(super) const ENTRY: SchedulerEntry = SchedulerEntry::new::<ReduceOnPlateauConfig>(
    "reduce_on_plateau",
    "times a factor when a metric has stopped getting better",
);

choice! {
    /// What a threshold is a part of.
    pub enum ThresholdMode {
        /// A share of the best value.
        Relative = "rel",
        /// A value of the metric's own.
        Absolute = "abs",
    }
}

section! {
    /// Parameters of the schedule that watches a metric.
    pub struct ReduceOnPlateauConfig {
        /// What the rate is multiplied by.
        trajectory factor: f64 = 0.1, 0.0..1.0;
        /// How many epochs in a row may pass without a better value before the rate falls.
        trajectory patience: u64 = 10;
        /// How much better a value must be to count as better.
        trajectory threshold: f64 = 1e-4, 0.0..;
        /// Whether the threshold is a share of the best value (`rel`) or a value itself (`abs`).
        trajectory threshold_mode: ThresholdMode = ThresholdMode::Relative;
        /// How many epochs are not counted after the rate fell.
        trajectory cooldown: u64 = 0;
        /// The rate never falls below this.
        trajectory min_lr: f64 = 0.0, 0.0..;
        /// A fall by less than this is left out.
        trajectory eps: f64 = 1e-8, 0.0..;
        /// The metric; `null` takes `checkpoint.monitor`.
        trajectory monitor: Option<Located<String>> = None;
        /// Whether less or more is better; `null` takes `checkpoint.mode`.
        trajectory mode: Option<Mode> = None;
    }
}

impl Scheduler for ReduceOnPlateauConfig {
    fn to_json(&self) -> Value {
        Section::to_json(self)
    }

    fn factor(&self, _at: Moment) -> f64 {
        1.0
    }

    fn depends_on_epochs(&self) -> bool {
        false
    }

    fn plateau(&self) -> Option<&ReduceOnPlateauConfig> {
        Some(self)
    }
}

/// What the schedule remembers between epochs; every number survives text to the last bit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct State {
    /// Share of the config's learning rate that is left.
    factor: Bits,
    best: Option<Bits>,
    bad_epochs: u64,
    cooldown: u64,
}

/// The schedule at work.
#[derive(Debug, Clone)]
pub struct Plateau {
    config: ReduceOnPlateauConfig,
    monitor: Monitor,
    lr: f64,
    state: State,
}

impl Plateau {
    /// Before the first epoch. `lr` is the config's learning rate, `monitor` what is watched if the schedule's own
    /// parameters do not say.
    pub fn new(config: &ReduceOnPlateauConfig, lr: f64, monitor: &Monitor) -> Self {
        let monitor = Monitor {
            metric: config.monitor.as_ref().map_or_else(|| monitor.metric.clone(), |metric| metric.value.clone()),
            goal: config.mode.map_or(monitor.goal, Goal::from),
        };
        let state = State { factor: Bits(1.0), best: None, bad_epochs: 0, cooldown: 0 };
        Self { config: config.clone(), monitor, lr, state }
    }

    /// The metric that is watched.
    pub fn metric(&self) -> &str {
        &self.monitor.metric
    }

    /// Share of the config's learning rate that is left.
    pub fn factor(&self) -> f64 {
        self.state.factor.0
    }

    /// Takes in the metric's value after one more epoch.
    pub fn observe(&mut self, value: f64) {
        let state = &mut self.state;
        if state.best.is_none_or(|best| better(&self.config, self.monitor.goal, value, best.0)) {
            state.best = Some(Bits(value));
            state.bad_epochs = 0;
        } else {
            state.bad_epochs += 1;
        }
        if state.cooldown > 0 {
            state.cooldown -= 1;
            state.bad_epochs = 0;
        }
        if state.bad_epochs > self.config.patience {
            let old = self.lr * state.factor.0;
            let new = (old * self.config.factor).max(self.config.min_lr);
            if old - new > self.config.eps {
                state.factor = Bits(new / self.lr);
            }
            state.cooldown = self.config.cooldown;
            state.bad_epochs = 0;
        }
    }

    /// What has to be saved.
    pub fn save(&self) -> serde_json::Result<Value> {
        serde_json::to_value(&self.state)
    }

    /// Goes on from what was saved.
    pub fn restore(&mut self, saved: &Value) -> serde_json::Result<()> {
        self.state = State::deserialize(saved)?;
        Ok(())
    }
}

/// NaN is never better, and anything is better than NaN: a first epoch without a value must not end all hope.
fn better(config: &ReduceOnPlateauConfig, goal: Goal, value: f64, best: f64) -> bool {
    if best.is_nan() {
        return !value.is_nan();
    }
    match (goal, config.threshold_mode) {
        (Goal::Minimize, ThresholdMode::Relative) => value < best * (1.0 - config.threshold),
        (Goal::Minimize, ThresholdMode::Absolute) => value < best - config.threshold,
        (Goal::Maximize, ThresholdMode::Relative) => value > best * (1.0 + config.threshold),
        (Goal::Maximize, ThresholdMode::Absolute) => value > best + config.threshold,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plateau(patience: u64) -> Plateau {
        let config = ReduceOnPlateauConfig { patience, factor: 0.5, ..ReduceOnPlateauConfig::default() };
        Plateau::new(&config, 0.1, &Monitor { metric: "val_loss".to_owned(), goal: Goal::Minimize })
    }

    #[test]
    fn a_state_saved_at_any_epoch_goes_on_alike() {
        let values = [1.0, 0.9, 0.95, f64::NAN, 0.94, 0.93, 0.2, 0.3, 0.3, f64::INFINITY, 0.3];
        for cut in 0..values.len() {
            let (mut whole, mut first) = (plateau(1), plateau(1));
            for (epoch, value) in values.into_iter().enumerate() {
                whole.observe(value);
                if epoch < cut {
                    first.observe(value);
                }
            }
            let text = first.save().unwrap().to_string();
            let mut second = plateau(1);
            second.restore(&serde_json::from_str(&text).unwrap()).unwrap();
            for value in &values[cut..] {
                second.observe(*value);
            }
            assert_eq!(second.state, whole.state, "cut after {cut}");
        }
    }

    #[test]
    fn a_first_value_that_is_none_does_not_end_all_hope() {
        let mut plateau = plateau(1);
        for value in [f64::NAN, 3.0, 2.0, 1.0] {
            plateau.observe(value);
        }
        assert!((plateau.factor() - 1.0).abs() < 1e-12);
    }
}
