//! The part of a config that the loop obeys.

use std::time::Duration;

use steadfast_config::{ExperimentConfig, Mode};

use crate::Goal;

/// What the loop is told to do.
#[derive(Debug, Clone, PartialEq)]
pub struct LoopSettings {
    /// Epochs to train in all.
    pub epochs: u64,
    /// When to save beside the stops and the end.
    pub checkpoints: CheckpointSchedule,
    /// The metric that decides which epoch is best.
    pub monitor: Monitor,
    /// When to end before the last epoch.
    pub early_stopping: Option<EarlyStopping>,
}

/// A metric and its better direction.
#[derive(Debug, Clone, PartialEq)]
pub struct Monitor {
    /// Name of the metric, such as `val_loss`.
    pub metric: String,
    /// Which direction is better.
    pub goal: Goal,
}

/// When to end before the last epoch.
#[derive(Debug, Clone, PartialEq)]
pub struct EarlyStopping {
    /// The metric that is watched.
    pub monitor: Monitor,
    /// Epochs without progress that are waited for.
    pub patience: u64,
    /// What counts as progress.
    pub min_delta: f64,
}

/// When to save. Each rule that is set asks for a checkpoint by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckpointSchedule {
    /// After every so many epochs.
    pub every_epochs: Option<u64>,
    /// After every so many steps.
    pub every_steps: Option<u64>,
    /// As soon as so much time has passed since the last one.
    pub every: Option<Duration>,
}

impl CheckpointSchedule {
    /// Whether to save after the step that made it `step` steps, `since_save` after the last checkpoint.
    pub fn due_after_step(&self, step: u64, since_save: impl FnOnce() -> Duration) -> bool {
        self.every_steps.is_some_and(|every| step.is_multiple_of(every))
            || self.every.is_some_and(|every| since_save() >= every)
    }

    /// Whether to save after the epoch that made it `epoch` epochs.
    pub fn due_after_epoch(&self, epoch: u64) -> bool {
        self.every_epochs.is_some_and(|every| epoch.is_multiple_of(every))
    }
}

impl From<&ExperimentConfig> for LoopSettings {
    fn from(config: &ExperimentConfig) -> Self {
        let checkpoint = &config.checkpoint;
        let monitor = Monitor { metric: checkpoint.monitor.value.clone(), goal: checkpoint.mode.into() };
        let early_stopping = config.hyperparams.early_stopping.as_ref().map(|wanted| EarlyStopping {
            monitor: Monitor {
                metric: wanted.monitor.as_ref().map_or_else(|| monitor.metric.clone(), |metric| metric.value.clone()),
                goal: wanted.mode.map_or(monitor.goal, Goal::from),
            },
            patience: wanted.patience,
            min_delta: wanted.min_delta,
        });
        Self {
            epochs: config.hyperparams.epochs,
            checkpoints: CheckpointSchedule {
                every_epochs: checkpoint.every_epochs,
                every_steps: checkpoint.every_steps,
                every: checkpoint.every_seconds.map(Duration::from_secs),
            },
            monitor,
            early_stopping,
        }
    }
}

impl From<Mode> for Goal {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Min => Self::Minimize,
            Mode::Max => Self::Maximize,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_asks_by_itself() {
        let schedule =
            CheckpointSchedule { every_epochs: Some(2), every_steps: Some(3), every: Some(Duration::from_secs(5)) };
        let due = |step, seconds| schedule.due_after_step(step, || Duration::from_secs(seconds));
        assert!(due(3, 0) && due(4, 5) && !due(4, 4));
        assert!(!schedule.due_after_epoch(1) && schedule.due_after_epoch(2));
    }
}
