//! What the loop tells those who watch.

use serde::{Deserialize, Serialize};

use crate::Metrics;

/// One thing that happened. Watchers read it; nothing they do reaches the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// The data is in memory.
    DataLoaded {
        /// One line for people.
        description: String,
    },
    /// The model stands.
    ModelBuilt {
        /// One line for people.
        description: String,
        /// Trainable numbers.
        parameters: u64,
    },
    /// Training starts, from the beginning or from a checkpoint.
    Started {
        /// Epochs already complete.
        epoch: u64,
        /// Steps already done.
        step: u64,
        /// Epochs that the config asks for.
        epochs: u64,
        /// Steps in one epoch.
        steps_per_epoch: u64,
        /// Whether this goes on from a checkpoint.
        resumed: bool,
    },
    /// From here on the bytes need not be those of an uninterrupted run.
    NotIdentical {
        /// What has changed since the checkpoint was made.
        reason: String,
    },
    /// The run begins with the state of another one.
    Forked {
        /// Name of that run.
        parent: String,
        /// Steps it had done.
        step: u64,
        /// What was changed, in words.
        changes: Vec<String>,
    },
    /// A step is done.
    Step {
        /// Epochs completed before.
        epoch: u64,
        /// Steps done in this epoch.
        batch: u64,
        /// Steps done in all.
        step: u64,
        /// Loss of this step alone.
        loss: f64,
        /// Samples in this step.
        samples: u64,
    },
    /// An epoch is trained and validated.
    Epoch {
        /// Epochs completed, this one included.
        epoch: u64,
        /// Steps done in all.
        step: u64,
        /// The figures of its row in `metrics.jsonl`.
        metrics: Metrics,
        /// Seconds for training and validation.
        seconds: f64,
        /// Training samples per second.
        samples_per_s: f64,
        /// Whether it is the best so far.
        is_best: bool,
    },
    /// A checkpoint is about to be written.
    Saving {
        /// Steps done in all.
        step: u64,
    },
    /// A checkpoint is safe on disk.
    Saved {
        /// Steps done in all: what a crash cannot take away any more.
        step: u64,
        /// File name of the checkpoint.
        file: String,
        /// Size of the checkpoint in bytes.
        bytes: u64,
    },
    /// Training ended because the monitored metric stopped getting better.
    EarlyStopped {
        /// Epochs completed.
        epoch: u64,
        /// Epochs since the best one.
        waited: u64,
    },
}

/// Someone who watches a run.
pub trait Observer {
    /// Called for every event, in order. Must be quick: [`Event::Step`] comes after every step.
    fn notice(&mut self, event: &Event);
}

/// An observer that looks away.
impl Observer for () {
    fn notice(&mut self, _event: &Event) {}
}

/// Keeps everything, for tests.
impl Observer for Vec<Event> {
    fn notice(&mut self, event: &Event) {
        self.push(event.clone());
    }
}
