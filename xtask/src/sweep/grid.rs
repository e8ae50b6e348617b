//! Which configs a sweep consists of.

use serde_json::{Value, json};

/// What a study tries to make large or small.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Goal {
    /// The largest `val_accuracy`.
    Accuracy,
    /// The smallest `val_loss`.
    Loss,
}

impl Goal {
    /// The metric's key in `metrics.jsonl` and `result.json`.
    pub(super) fn metric(self) -> &'static str {
        match self {
            Self::Accuracy => "val_accuracy",
            Self::Loss => "val_loss",
        }
    }

    /// The value of `checkpoint.mode`.
    fn mode(self) -> &'static str {
        match self {
            Self::Accuracy => "max",
            Self::Loss => "min",
        }
    }
}

/// A grid over one data set; results compare within it only.
#[derive(Debug)]
pub(super) struct Study {
    pub(super) dataset: &'static str,
    pub(super) goal: Goal,
    models: &'static [&'static str],
    optimizers: &'static [&'static str],
    rates: &'static [f64],
    batch_size: u64,
    epochs: u64,
}

/// How large a sweep is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Size {
    /// A smoke test: few points, few epochs.
    Quick,
    /// A sample of real use.
    Whole,
}

const QUICK: &[Study] = &[
    Study {
        dataset: "iris",
        goal: Goal::Accuracy,
        models: &["MLP"],
        optimizers: &["adam", "sgd"],
        rates: &[0.01],
        batch_size: 16,
        epochs: 5,
    },
    Study {
        dataset: "digits",
        goal: Goal::Accuracy,
        models: &["MLP", "CNN"],
        optimizers: &["adam"],
        rates: &[0.001],
        batch_size: 64,
        epochs: 2,
    },
    Study {
        dataset: "diabetes",
        goal: Goal::Loss,
        models: &["MLP"],
        optimizers: &["adam"],
        rates: &[0.01, 0.001],
        batch_size: 32,
        epochs: 5,
    },
];

const WHOLE: &[Study] = &[
    Study {
        dataset: "iris",
        goal: Goal::Accuracy,
        models: &["MLP"],
        optimizers: &["adam", "sgd"],
        rates: &[0.1, 0.01, 0.001],
        batch_size: 16,
        epochs: 40,
    },
    Study {
        dataset: "digits",
        goal: Goal::Accuracy,
        models: &["MLP", "CNN"],
        optimizers: &["adam", "sgd"],
        rates: &[0.01, 0.001],
        batch_size: 64,
        epochs: 15,
    },
    Study {
        dataset: "diabetes",
        goal: Goal::Loss,
        models: &["MLP"],
        optimizers: &["adam", "adamw"],
        rates: &[0.01, 0.001],
        batch_size: 32,
        epochs: 40,
    },
];

/// The grids of a sweep of that size.
pub(super) fn studies(size: Size) -> &'static [Study] {
    match size {
        Size::Quick => QUICK,
        Size::Whole => WHOLE,
    }
}

impl Study {
    /// One complete config for each point of the grid.
    pub(super) fn configs(&self) -> Vec<Value> {
        let mut configs = Vec::new();
        for model in self.models {
            for optimizer in self.optimizers {
                for &rate in self.rates {
                    configs.push(self.config(model, optimizer, rate));
                }
            }
        }
        configs
    }

    fn config(&self, model: &str, optimizer: &str, rate: f64) -> Value {
        json!({
            "name": format!("{}-{}-{optimizer}-{rate}", self.dataset, model.to_lowercase()),
            "description": "One point of the sample sweep.",
            "model_type": model,
            "dataset_path": format!("builtin:{}", self.dataset),
            "data": {"validation": {"split": 0.2}},
            "hyperparams": {
                "epochs": self.epochs,
                "batch_size": self.batch_size,
                "lr": rate,
                "optimizer": optimizer,
            },
            "checkpoint": {"monitor": self.goal.metric(), "mode": self.goal.mode()},
            "seed": 0,
        })
    }
}

/// The config's name, which is also the name of its run folder.
pub(super) fn name(config: &Value) -> &str {
    config["name"].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn both_sizes_are_real_sweeps_with_distinct_valid_names() {
        for size in [Size::Quick, Size::Whole] {
            let configs = studies(size).iter().flat_map(Study::configs).collect::<Vec<_>>();
            assert!(configs.len() >= 6, "{size:?}: {}", configs.len());
            let names = configs.iter().map(name).collect::<BTreeSet<_>>();
            assert_eq!(names.len(), configs.len(), "{names:?}");
            let is_valid = |name: &str| {
                name.len() <= 64 && name.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(letter))
            };
            assert!(names.iter().all(|name| is_valid(name)), "{names:?}");
            let datasets = studies(size).iter().map(|study| study.dataset).collect::<Vec<_>>();
            assert_eq!(datasets, ["iris", "digits", "diabetes"]);
        }
    }

    #[test]
    fn a_point_of_the_grid_is_in_its_config() {
        let config = QUICK[1].config("CNN", "sgd", 0.001);
        assert_eq!(name(&config), "digits-cnn-sgd-0.001");
        assert_eq!(config["dataset_path"], "builtin:digits");
        assert_eq!(config["hyperparams"]["lr"].to_string(), "0.001");
        assert_eq!(config["hyperparams"]["optimizer"], "sgd");
        assert_eq!(config["checkpoint"], json!({"monitor": "val_accuracy", "mode": "max"}));
    }
}
