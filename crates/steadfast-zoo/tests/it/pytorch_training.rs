//! Ten steps of every optimizer, and every rate of every schedule, against `PyTorch`.
//!
//! The numbers stand in `tests/fixtures/optimizers.json`, with the version that made them; `xtask/fixtures/optimizers.py`
//! makes them again.

use std::collections::BTreeMap;

use candle_core::{Device, Tensor, Var};
use serde_json::{Map, Value, json};
use steadfast_config::{ConfigManager, JsonPath, Node, Problems};
use steadfast_experiment::{Goal, Monitor};
use steadfast_ops::{NamedGradients, Optimizer, Sgd, SgdOptions, WeightAverage};
use steadfast_zoo::optimizers::OPTIMIZERS;
use steadfast_zoo::schedulers::{Moment, Plateau, SCHEDULERS, Scheduler, warmup};

const TOLERANCE: f64 = 1e-5;

fn fixture() -> Value {
    serde_json::from_str(include_str!("../fixtures/optimizers.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap_or(f64::NAN)).collect()
}

/// The parameters of a component as a config would give them.
fn params(component: &Value) -> Node {
    let mut params: Map<String, Value> = component.as_object().unwrap().clone();
    params.remove("kind");
    let text = json!({
        "name": "test", "model_type": "MLP", "dataset_path": "builtin:iris", "model": params,
    });
    ConfigManager::from_text("config.json", &text.to_string()).unwrap().model
}

fn scheduler(component: &Value) -> Box<dyn Scheduler> {
    let entry = SCHEDULERS.iter().find(|entry| component["kind"] == entry.name).unwrap();
    let mut problems = Problems::new();
    let read = (entry.read)(&params(component), &JsonPath::root(), &mut problems);
    read.unwrap_or_else(|| panic!("{component}: {:#}", problems.into_report()))
}

fn optimizer(component: &Value) -> Box<dyn Optimizer> {
    let entry = OPTIMIZERS.iter().find(|entry| component["kind"] == entry.name).unwrap();
    let text = json!({
        "name": "test", "model_type": "MLP", "dataset_path": "builtin:iris", "hyperparams": {"optimizer": component},
    });
    let config = ConfigManager::from_text("config.json", &text.to_string()).unwrap();
    let mut problems = Problems::new();
    let read = (entry.read)(&config.hyperparams.optimizer, &mut problems);
    read.unwrap_or_else(|| panic!("{component}: {:#}", problems.into_report())).build()
}

/// The numbers of a tensor in the fixture's program.
fn ramp(factor: usize, count: usize) -> Tensor {
    let values: Vec<f32> = (0..count).map(|index| (index * factor % 101) as f32 / 101.0 * 4.0 - 2.0).collect();
    Tensor::new(values, &Device::Cpu).unwrap()
}

/// The fixture's two parameters.
struct Weights(BTreeMap<String, Var>);

impl Weights {
    fn new() -> Self {
        let named = |name: &str, tensor| (name.to_owned(), Var::from_tensor(&tensor).unwrap());
        Self(BTreeMap::from([named("a", ramp(37, 4)), named("b", ramp(41, 3))]))
    }

    /// A loss whose gradients are the fixture's of this step.
    fn gradients(&self, step: usize) -> NamedGradients {
        let part = |name: &str, tensor| self.0[name].mul(&tensor).unwrap().sum_all().unwrap();
        let loss = part("a", ramp(43 + step, 4)).add(&part("b", ramp(59 + step, 3))).unwrap();
        NamedGradients::of(&loss, &self.0).unwrap()
    }
}

fn values(tensors: impl IntoIterator<Item = Tensor>) -> Vec<f64> {
    tensors.into_iter().flat_map(|tensor| tensor.to_vec1::<f32>().unwrap()).map(f64::from).collect()
}

fn check(found: &[f64], expected: &[f64], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < TOLERANCE * expected.abs().max(1.0), "{what}: {found}, not {expected}");
    }
}

#[test]
fn ten_steps_of_every_optimizer() {
    let fixture = fixture();
    let cases = fixture["optimizers"].as_array().unwrap();
    for case in cases {
        let (weights, mut optimizer) = (Weights::new(), optimizer(&case["config"]));
        for (step, expected) in case["after"].as_array().unwrap().iter().enumerate() {
            optimizer.step(&weights.0, &weights.gradients(step), fixture["rate"].as_f64().unwrap()).unwrap();
            let found = values(weights.0.values().map(Var::as_detached_tensor));
            check(&found, &numbers(expected), &format!("{} after step {}", case["config"], step + 1));
        }
    }
    for entry in OPTIMIZERS {
        assert!(cases.iter().any(|case| case["config"]["kind"] == entry.name), "{} has no fixture", entry.name);
    }
}

#[test]
fn clipped_gradients() {
    let fixture = fixture();
    for case in fixture["clipped_sgd"].as_array().unwrap() {
        let (weights, mut optimizer) = (Weights::new(), Sgd::new(SgdOptions::default()));
        for (step, expected) in case["after"].as_array().unwrap().iter().enumerate() {
            let mut gradients = weights.gradients(step);
            // As if they were the sum of two batches.
            gradients.add(&weights.gradients(step)).unwrap();
            gradients.multiply(0.5);
            if let Some(limit) = case["config"]["clip_value"].as_f64() {
                gradients.clip_value(limit).unwrap();
            }
            if let Some(limit) = case["config"]["clip_norm"].as_f64() {
                gradients.clip_norm(limit).unwrap();
            }
            optimizer.step(&weights.0, &gradients, 0.1).unwrap();
            let found = values(weights.0.values().map(Var::as_detached_tensor));
            check(&found, &numbers(expected), &case["config"].to_string());
        }
    }
}

#[test]
fn averaged_weights() {
    let fixture = fixture();
    for case in fixture["averages"].as_array().unwrap() {
        let (weights, mut optimizer) = (Weights::new(), Sgd::new(SgdOptions::default()));
        let mut average: Option<WeightAverage> = None;
        for (step, expected) in case["after"].as_array().unwrap().iter().enumerate() {
            optimizer.step(&weights.0, &weights.gradients(step), 0.1).unwrap();
            match &mut average {
                None => average = Some(WeightAverage::new(case["decay"].as_f64().unwrap(), &weights.0).unwrap()),
                Some(average) => average.update(&weights.0).unwrap(),
            }
            let found = values(average.as_ref().unwrap().tensors().into_values());
            check(&found, &numbers(expected), &format!("decay {} after step {}", case["decay"], step + 1));
        }
    }
}

#[test]
fn every_rate_of_every_schedule() {
    let fixture = fixture();
    let (rate, per_epoch) = (fixture["rate"].as_f64().unwrap(), fixture["steps_per_epoch"].as_u64().unwrap());
    let steps = fixture["epochs"].as_u64().unwrap() * per_epoch;
    let at = |step: u64| Moment { step, steps, epoch: step / per_epoch };
    let cases = |key: &str| fixture[key].as_array().unwrap().clone();
    let rates = |case: &Value, distance: u64| {
        let scheduler = scheduler(&case["config"]);
        let expected = numbers(&case["rates"]);
        let found: Vec<f64> =
            (0..expected.len() as u64).map(|index| rate * warmup(&*scheduler, 0, at(index * distance))).collect();
        check(&found, &expected, &case["config"].to_string());
    };
    for (key, distance) in [("by_epoch", per_epoch), ("by_step", 1)] {
        for case in cases(key) {
            rates(&case, distance);
        }
    }
    for entry in SCHEDULERS.iter().filter(|entry| entry.name != "reduce_on_plateau") {
        let all = [cases("by_epoch"), cases("by_step")].concat();
        assert!(all.iter().any(|case| case["config"]["kind"] == entry.name), "{} has no fixture", entry.name);
    }
}

#[test]
fn every_rate_of_a_schedule_that_watches_a_metric() {
    let fixture = fixture();
    let rate = fixture["rate"].as_f64().unwrap();
    for case in fixture["plateaus"].as_array().unwrap() {
        let mut config = case["config"].clone();
        config["kind"] = "reduce_on_plateau".into();
        let scheduler = scheduler(&config);
        let monitor = Monitor { metric: "val_loss".to_owned(), goal: Goal::Minimize };
        let mut plateau = Plateau::new(scheduler.plateau().unwrap(), rate, &monitor);
        let mut found = Vec::new();
        for value in numbers(&fixture["watched"]) {
            plateau.observe(value);
            found.push(rate * plateau.factor());
        }
        check(&found, &numbers(&case["rates"]), &config.to_string());
    }
}
