//! Every family of models against `PyTorch` 2.15.0 and torchvision 0.29.2: the outputs, and one whole training step.
//!
//! `xtask/fixtures/models.py` computes the expected numbers, in f64, and stores them in f32. Errors are relative to the
//! scale of what is compared: the largest output, the typical element of a gradient.
//!
//! Every model is run in f64, where nothing but the formulas can differ, and in f32, as it is trained. Small batches
//! through many batch norms and rectifiers magnify the rounding of f32: there `PyTorch` in f32 differs from itself in
//! f64 as well, and only outputs and loss are compared (see [`Precision`]).

use candle_core::{DType, Device, Tensor};
use serde_json::{Value, json};
use steadfast_config::{JsonPath, Problems, Source, parse};
use steadfast_ops::{
    NamedGradients, Optimizer, Seed, SeededParameters, Sgd, SgdOptions, StepContext, cross_entropy, mse,
};
use steadfast_state::{TensorMap, read_model};
use steadfast_zoo::models::{Model, ModelConfig, ModelShape, ModelTask, find_model};

use crate::formula::{self, choices, digest, norm, uniform};

/// The largest error in f64, relative to the scale; the expected numbers are stored in f32.
const TOLERANCE: f64 = 1e-6;
/// The largest error in f32, relative to the scale.
const SINGLE_TOLERANCE: f64 = 1e-4;

/// What is compared in f32.
#[derive(Clone, Copy, PartialEq)]
enum Precision {
    /// Outputs, loss, gradients and updated parameters.
    Everything,
    /// Outputs and loss.
    Outputs,
}

/// A case of `models.py`.
struct Case {
    fixture: &'static str,
    model: &'static str,
    section: Value,
    batch: Vec<usize>,
    vocabulary: Option<usize>,
    outputs: usize,
    each_position: bool,
}

/// A case of samples of numbers with classes.
fn numbers(fixture: &'static str, model: &'static str, section: Value, batch: &[usize], outputs: usize) -> Case {
    Case { fixture, model, section, batch: batch.to_vec(), vocabulary: None, outputs, each_position: false }
}

/// A case of texts; as many outputs as tokens mean the next token.
fn text(fixture: &'static str, model: &'static str, section: Value, (tokens, outputs): (usize, usize)) -> Case {
    let positions = if model == "GPT" { 8 } else { 9 };
    let each_position = outputs == tokens;
    Case { vocabulary: Some(tokens), each_position, ..numbers(fixture, model, section, &[3, positions], outputs) }
}

impl Case {
    fn config(&self) -> Box<dyn ModelConfig> {
        let mut problems = Problems::new();
        let node = parse(&Source::new("model.json", self.section.to_string()), &mut problems).unwrap();
        let config = find_model(self.model).unwrap().read(&node, &JsonPath::root(), &mut problems);
        assert!(!problems.has_errors(), "{:#}", problems.into_report());
        config.unwrap()
    }

    fn input(&self, dtype: DType) -> Tensor {
        let count = self.batch.iter().product();
        match self.vocabulary {
            Some(tokens) => Tensor::from_vec(choices("input", count, tokens), self.batch.clone(), &Device::Cpu),
            None => Tensor::from_iter(uniform("input", count), &Device::Cpu)
                .and_then(|values| values.to_dtype(dtype)?.reshape(self.batch.clone())),
        }
        .unwrap()
    }

    /// The model with the formula's weights.
    fn build(&self, dtype: DType) -> (SeededParameters, Box<dyn Model>) {
        let parameters = SeededParameters::new(Seed::new(0));
        let shape = ModelShape {
            sample: self.batch[1..].to_vec(),
            vocabulary: self.vocabulary,
            outputs: self.outputs,
            each_position: self.each_position,
        };
        let config = self.config();
        config.check(&shape).unwrap();
        let model = config.build(&shape, parameters.var_builder(dtype, &Device::Cpu)).unwrap();
        parameters.load(&formula::parameters(&parameters.tensors())).unwrap();
        (parameters, model)
    }

    fn loss(&self, output: &Tensor, input: &Tensor) -> Tensor {
        if self.config().task() == ModelTask::Inputs {
            return mse(output, &input.flatten_from(1).unwrap()).unwrap();
        }
        let rows = output.elem_count() / self.outputs;
        let targets = Tensor::from_vec(choices("target", rows, self.outputs), rows, &Device::Cpu).unwrap();
        cross_entropy(&steadfast_ops::reshape(output, (rows, self.outputs)).unwrap(), &targets, 0.0).unwrap()
    }
}

fn flat(tensor: &Tensor) -> Vec<f64> {
    tensor.to_dtype(DType::F64).unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

/// What was expected under a name.
fn expected(fixture: &TensorMap, name: &str) -> Vec<f64> {
    let tensor = fixture.get(name).unwrap_or_else(|| panic!("{name} is not in the fixture"));
    tensor.to_f32().unwrap().into_iter().map(f64::from).collect()
}

/// The largest error relative to the largest of the expected numbers.
fn error(found: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let largest = expected.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    found.iter().zip(expected).fold(0.0_f64, |worst, (found, expected)| worst.max((found - expected).abs() / largest))
}

/// The largest error of a digest, relative to what the numbers of the tensor are like. `floor` is the least scale.
fn digest_error(name: &str, found: &Tensor, expected: &[f64], floor: f64) -> f64 {
    let values = flat(found);
    let found = digest(name, &values);
    assert_eq!(found.len(), expected.len(), "{name}");
    let typical = norm(&values) / (values.len() as f64).sqrt();
    let whole = found.len() == values.len();
    let scale = |index: usize| {
        if whole || index < found.len() - 2 { typical.max(floor) } else { norm(&values).max(floor) }
    };
    let errors =
        found.iter().zip(expected).enumerate().map(|(i, (found, expected))| (found - expected).abs() / scale(i));
    errors.fold(0.0, f64::max)
}

/// Holds a model against its fixture.
fn check(case: &Case) {
    check_in(case, Precision::Everything);
}

/// The same, with this much of it in f32.
fn check_in(case: &Case, precision: Precision) {
    let path = format!("{}/tests/fixtures/{}.safetensors", env!("CARGO_MANIFEST_DIR"), case.fixture);
    let fixture = read_model(path.as_ref()).unwrap();
    let errors = errors(case, &fixture, DType::F64, Precision::Everything);
    assert_eq!(errors.len(), fixture.len(), "the model has other tensors than the one in PyTorch");
    assert!(errors[0].0 < TOLERANCE, "{} in f64: {:?}", case.fixture, &errors[..5]);
    let errors = self::errors(case, &fixture, DType::F32, precision);
    assert!(errors[0].0 < SINGLE_TOLERANCE, "{} in f32: {:?}", case.fixture, &errors[..5.min(errors.len())]);
}

/// Every comparison with the fixture and its error, the largest first.
fn errors(case: &Case, fixture: &TensorMap, dtype: DType, precision: Precision) -> Vec<(f64, String)> {
    let (parameters, model) = case.build(dtype);
    let input = case.input(dtype);
    let output = model.forward(&input, &StepContext::evaluation()).unwrap();
    let mut errors = vec![(error(&flat(&output), &expected(fixture, "output")), "output".to_owned())];

    let output = model.forward(&input, &StepContext::training(Seed::new(0), 0)).unwrap();
    let loss = case.loss(&output, &input);
    errors.push((error(&flat(&loss), &expected(fixture, "loss")), "loss".to_owned()));
    if precision == Precision::Outputs {
        errors.sort_by(|one, other| other.0.total_cmp(&one.0));
        return errors;
    }
    let variables = parameters.parameters();
    let gradients = NamedGradients::of(&loss, &variables).unwrap();
    // A gradient that is zero but for rounding is compared with the size of the others.
    let count: usize = variables.values().map(|var| var.elem_count()).sum();
    let floor = gradients.norm().unwrap() / (count as f64).sqrt();
    for (name, gradient) in gradients.tensors() {
        let what = format!("gradient.{name}");
        errors.push((digest_error(name, gradient, &expected(fixture, &what), floor), what));
    }
    let mut optimizer = Sgd::new(SgdOptions { weight_decay: 0.01, ..SgdOptions::default() });
    optimizer.step(&variables, &gradients, 0.1).unwrap();
    for (name, tensor) in parameters.tensors() {
        let what = format!("updated.{name}");
        errors.push((digest_error(&name, &tensor, &expected(fixture, &what), 1e-2), what));
    }
    errors.sort_by(|one, other| other.0.total_cmp(&one.0));
    errors
}

#[test]
fn mlp() {
    check(&numbers("mlp", "MLP", json!({"hidden": [20, 15]}), &[6, 13], 4));
}

#[test]
fn cnn() {
    check(&numbers("cnn", "CNN", json!({"channels": [4, 8], "hidden": 16}), &[5, 1, 12, 12], 10));
}

#[test]
fn lenet() {
    check(&numbers("lenet", "LeNet", json!({}), &[4, 1, 28, 28], 10));
    let section = json!({"activation": "tanh", "pooling": "average"});
    check(&numbers("lenet_1998", "LeNet", section, &[4, 1, 28, 28], 10));
}

#[test]
fn resnet18() {
    check(&numbers("resnet18", "resnet18", json!({}), &[4, 3, 64, 64], 10));
}

#[test]
fn resnet50() {
    check_in(&numbers("resnet50", "resnet50", json!({}), &[4, 3, 64, 64], 10), Precision::Outputs);
}

#[test]
fn resnet20() {
    check(&numbers("resnet20", "resnet20", json!({}), &[4, 3, 16, 16], 10));
}

#[test]
fn vgg() {
    let section = json!({"width": 8, "hidden": 24, "dropout": 0.0});
    check(&numbers("vgg11", "vgg11", section.clone(), &[3, 3, 64, 96], 10));
    check(&numbers("vgg11_bn", "vgg11_bn", section, &[3, 3, 64, 96], 10));
}

#[test]
fn mobilenet() {
    let section = json!({"width": 0.25, "dropout": 0.0});
    check_in(&numbers("mobilenet", "MobileNetV2", section, &[4, 3, 64, 64], 10), Precision::Outputs);
}

#[test]
fn vit() {
    let section = json!({"patch": 4, "layers": 2, "heads": 4, "width": 32, "hidden": 48});
    check(&numbers("vit", "ViT", section, &[4, 3, 16, 16], 10));
}

#[test]
fn lstm() {
    let section = json!({"hidden": 12, "layers": 2, "bidirectional": true});
    check(&numbers("lstm", "LSTM", section, &[9, 7, 5], 4));
    check(&text("lstm_text", "LSTM", json!({"hidden": 16, "layers": 2, "embedding": 8}), (20, 20)));
}

#[test]
fn gru() {
    let section = json!({"hidden": 12, "layers": 2, "bidirectional": true});
    check(&numbers("gru", "GRU", section, &[9, 2, 7, 5], 4));
    check(&text("gru_text", "GRU", json!({"hidden": 16, "embedding": 8}), (20, 20)));
}

#[test]
fn gpt2() {
    let section = json!({"layers": 2, "heads": 4, "width": 32, "context": 12});
    check(&text("gpt", "GPT", section, (50, 50)));
    check(&text("gpt_classes", "GPT", json!({"layers": 2, "heads": 4, "width": 32}), (50, 5)));
}

#[test]
fn autoencoder() {
    check(&numbers("autoencoder", "Autoencoder", json!({"hidden": [20], "latent": 6}), &[5, 2, 4, 5], 40));
}
