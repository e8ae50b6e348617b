//! When the state of a run is saved, and which model counts as the best.

use crate::node::Node;
use crate::path::JsonPath;
use crate::problem::Problems;
use crate::section::Located;
use crate::{choice, section};

section! {
    /// When the state of a run is saved, and which model counts as the best.
    pub struct CheckpointConfig, check = check {
        /// Save after every so many epochs; `null` does not save by epochs.
        policy every_epochs: Option<u64> = Some(1), 1..;
        /// Save after every so many steps as well.
        policy every_steps: Option<u64> = None, 1..;
        /// Save after every so many seconds as well.
        policy every_seconds: Option<u64> = None, 1..;
        /// How many checkpoints are kept. Two at least, so that a damaged one is not the only one.
        policy keep: usize = 2, 2..=1_000;
        /// The metric that decides which model is the best.
        trajectory monitor: Located<String> = Located::by_default("val_loss".to_owned());
        /// Whether less or more of the metric is better.
        trajectory mode: Mode = Mode::Min;
    }
}

choice! {
    /// Whether less or more of a metric is better.
    pub enum Mode {
        /// Less is better, as with a loss.
        Min = "min",
        /// More is better, as with an accuracy.
        Max = "max",
    }
}

/// Parts of the names of metrics of which more is better.
const MORE_IS_BETTER: [&str; 7] = ["accuracy", "precision", "recall", "f1", "auc", "r2", "bleu"];

fn check(config: &CheckpointConfig, node: &Node, path: &JsonPath, problems: &mut Problems) {
    let CheckpointConfig { every_epochs, every_steps, every_seconds, monitor, .. } = config;
    if every_epochs.is_none() && every_steps.is_none() && every_seconds.is_none() {
        let span = node.get("every_epochs").map_or(&node.span, |value| &value.span);
        problems
            .error(span, "the state would never be saved before the end")
            .at(&path.key("every_epochs"))
            .expected("at least one of every_epochs, every_steps, every_seconds")
            .help("leave `every_epochs` out, or set `every_steps` or `every_seconds`");
    }
    let upward = MORE_IS_BETTER.iter().any(|part| monitor.contains(part));
    if upward && node.get("mode").is_none() {
        problems
            .warning(&monitor.span, "the model with the least of this metric will count as the best")
            .at(&path.key("mode"))
            .help("add `\"mode\": \"max\"`, or `\"mode\": \"min\"` if that is meant");
    }
}
