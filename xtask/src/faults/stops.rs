//! A polite stop at every step of a run of 200 steps.

use anyhow::Result;
use serde_json::{Value, json};

use super::bench::{Bench, Files, NAME, reference_with};
use super::cases::{Scope, try_all};
use super::tally::Tally;

/// Steps of the run: 10 epochs of 20.
const STEPS: u64 = 200;

/// Models, with their parameters.
const MODELS: [(&str, &str); 3] = [("CNN", "{}"), ("MLP", r#"{"hidden": [16], "dropout": 0.2}"#), ("Linear", "{}")];

/// One way to train.
#[derive(Debug, Clone)]
struct Setting {
    config: Value,
    threads: &'static str,
}

/// Where a run is stopped.
#[derive(Debug, Clone, Copy)]
enum Stop {
    /// Once, after so many steps.
    Once(u64),
    /// After every single step.
    Always,
}

/// Every setting, stopped at every step.
pub(super) fn every_step(scope: &Scope) -> Result<Tally> {
    let mut tally = Tally::default();
    for setting in settings(scope.quick) {
        let expected = reference_with(&scope.program, &setting.config, &["--threads", setting.threads])?;
        let stops = (1..STEPS).map(Stop::Once).chain([Stop::Always]).collect();
        tally.merge(try_all(scope, "stop at every step", stops, |stop| attempt(scope, &setting, stop, &expected)));
    }
    Ok(tally)
}

fn settings(quick: bool) -> Vec<Setting> {
    let optimizers = [json!("adam"), json!({"kind": "sgd", "momentum": 0.9})];
    let mut settings = Vec::new();
    for (model, parameters) in MODELS {
        for optimizer in &optimizers {
            for threads in ["2", "1"] {
                let parameters: Value = serde_json::from_str(parameters).unwrap_or_default();
                settings.push(Setting { config: config(model, &parameters, optimizer), threads });
            }
        }
    }
    settings.truncate(if quick { 1 } else { settings.len() });
    settings
}

fn config(model: &str, parameters: &Value, optimizer: &Value) -> Value {
    json!({
        "name": NAME,
        "model_type": model,
        "model": parameters,
        "dataset_path": "builtin:digits",
        "data": {"limit_train": 80, "limit_validation": 40},
        "hyperparams": {
            "epochs": 10, "batch_size": 4, "lr": 0.01, "optimizer": optimizer,
            "scheduler": "cosine", "warmup_steps": 30, "early_stopping": {"patience": 50},
        },
    })
}

fn attempt(scope: &Scope, setting: &Setting, place: Stop, expected: &Files) -> Result<String, String> {
    let bench = Bench::new(&scope.program, &setting.config).map_err(|error| format!("{error:#}"))?;
    let repeat = |failure: String| {
        format!(
            "{} with {} on {} threads, {place:?}: {failure}",
            setting.config["model_type"], setting.config["hyperparams"]["optimizer"], setting.threads
        )
    };
    let (limit, starts) = match place {
        Stop::Once(steps) => (steps, 1),
        Stop::Always => (1, STEPS - 1),
    };
    for start in 0..starts {
        let limit = limit.to_string();
        let options = ["--threads", setting.threads, "--max-steps", &limit];
        let ended = bench.run(&options).map_err(|error| format!("{error:#}"))?;
        if ended.code != 143 {
            return Err(repeat(format!("start {start} ended with {}:\n{}", ended.code, ended.stderr)));
        }
    }
    bench.finish(expected).map_err(repeat)?;
    Ok(match place {
        Stop::Once(_) => "stopped once".to_owned(),
        Stop::Always => "stopped after every step".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_models_two_optimizers_and_two_thread_counts() {
        assert_eq!((settings(false).len(), settings(true).len()), (12, 1));
    }
}
