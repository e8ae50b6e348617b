//! Every file in `tests/fixtures/good` is accepted and means what it says.

use std::path::PathBuf;

use serde_json::json;
use steadfast_config::{ConfigManager, Device, ExperimentConfig, Mode, OnFailure};

fn load(name: &str) -> ExperimentConfig {
    let file = PathBuf::from("tests/fixtures/good").join(name).with_extension("json");
    match ConfigManager::load(&[file], &[]) {
        Ok(mut configs) => configs.remove(0),
        Err(report) => panic!("{report:#}"),
    }
}

#[test]
fn the_whole_folder_loads_as_a_batch() {
    let configs = ConfigManager::load(&[PathBuf::from("tests/fixtures/good")], &[]).unwrap();
    let names: Vec<_> = configs.iter().map(|config| config.name.as_str()).collect();
    assert_eq!(names, ["bom", "crlf", "exp1", "escapes", "Everything-1.0", "extends", "numbers"]);
}

#[test]
fn the_file_of_the_design_document() {
    let config = load("design-document");
    assert_eq!(config.name.as_str(), "exp1");
    assert_eq!(config.model_type.as_str(), "ResNet");
    assert_eq!(config.dataset_path.as_str(), "/data/images");
    assert_eq!(config.hyperparams.batch_size, 32);
    assert_eq!(config.experiment.as_str(), "supervised");
    assert_eq!(config.hyperparams.optimizer.kind, "adam");
    assert_eq!(config.hyperparams.scheduler.kind, "constant");
    assert_eq!(config.device.value, Device::Cpu);
    assert_eq!(config.hyperparams.optimizer.path.to_string(), "hyperparams.optimizer");
    assert_eq!(config.checkpoint.monitor.path.to_string(), "checkpoint.monitor");
    assert_eq!(config.source().name(), "tests/fixtures/good/design-document.json");
}

#[test]
fn what_was_left_out_points_at_what_decides_about_it() {
    let config = load("design-document");
    assert_eq!(config.model.span.text(), "\"ResNet\"");
    assert_eq!(config.data.span.text(), "\"/data/images\"");
}

#[test]
fn every_field_is_read() {
    let config = load("everything");
    assert_eq!(config.tags, ["a", "ü", "量"]);
    assert_eq!(config.model.to_json(), json!({"hidden": [512, 256], "dropout": 0.1}));
    assert_eq!(config.data.get("format").unwrap().as_str(), Some("auto"));
    assert_eq!(config.hyperparams.optimizer.params.to_json(), json!({"beta1": 0.8}));
    assert_eq!(config.hyperparams.optimizer.path.to_string(), "hyperparams.optimizer");
    let early = config.hyperparams.early_stopping.unwrap();
    assert_eq!((early.patience, early.mode), (3, Some(Mode::Max)));
    assert_eq!(config.seed, u64::MAX);
    assert_eq!(config.device.value, Device::Cuda(1));
    assert_eq!(config.checkpoint.every_epochs, None);
    assert_eq!((config.checkpoint.keep, config.checkpoint.mode), (5, Mode::Max));
    assert_eq!((config.failure.on_failure, config.failure.retries), (OnFailure::Abort, 2));
}

#[test]
fn numbers_in_every_spelling() {
    let config = load("numbers");
    assert_eq!(config.seed, 0);
    assert_eq!((config.hyperparams.epochs, config.hyperparams.batch_size), (10, 20));
    assert_eq!(config.hyperparams.lr.to_bits(), 1);
    assert_eq!(config.hyperparams.label_smoothing.to_bits(), (-0.0_f64).to_bits());
    assert_eq!(config.hyperparams.warmup_steps, 150);
}

#[test]
fn escapes_in_keys_and_values() {
    let config = load("escapes");
    assert_eq!(config.model_type.as_str(), "MLP");
    assert_eq!(config.dataset_path.as_str(), "/data/😀");
    assert_eq!(config.description, "\"\\\u{8}\u{c}\n\r\t");
}
