//! How far a run has come: the loop's own part of the training state.

use serde::{Deserialize, Serialize};

use crate::{Accumulator, Best, Bits, Metrics, Patience, Position, StepReport};

/// How a run came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// All epochs were trained.
    AllEpochs,
    /// The monitored metric stopped getting better.
    EarlyStopping,
}

/// How far a run has come. Everything the loop must remember between two steps is here, and nothing else.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Progress {
    /// Epochs trained, validated and recorded.
    pub epoch: u64,
    /// Steps done in the epoch that is under way.
    pub batch: u64,
    /// Steps done in all.
    pub step: u64,
    /// Running means of the epoch under way.
    pub training: Accumulator,
    /// Learning rate of the last step.
    pub lr: Bits,
    /// Figures of the last recorded epoch.
    pub last: Option<Metrics>,
    /// The best recorded epoch.
    pub best: Option<Best>,
    /// What early stopping counts.
    pub patience: Patience,
    /// Set once there is nothing left to train.
    pub finished: Option<Finish>,
}

impl Progress {
    /// The place of the next step.
    pub fn position(&self) -> Position {
        Position { epoch: self.epoch, batch: self.batch, step: self.step }
    }

    /// Takes in one step.
    pub(crate) fn step_done(&mut self, report: &StepReport) {
        self.training.add(report.samples, &report.metrics);
        self.lr = Bits(report.lr);
        self.batch += 1;
        self.step += 1;
    }

    /// Takes in a validated epoch; `figures` are all of its metrics.
    pub(crate) fn epoch_done(&mut self, figures: Metrics) {
        self.epoch += 1;
        self.batch = 0;
        self.training.clear();
        self.last = Some(figures);
    }
}
