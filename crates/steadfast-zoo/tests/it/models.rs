//! Every model from its defaults, on images and texts: a gradient for every parameter, and steps that change them all.

use candle_core::{DType, Device, Tensor};
use serde_json::json;
use steadfast_config::{JsonPath, Problems, Source, parse};
use steadfast_ops::{
    Adam, AdamOptions, NamedGradients, Optimizer, Seed, SeededParameters, StepContext, cross_entropy, mse,
};
use steadfast_zoo::models::{MODELS, ModelConfig, ModelEntry, ModelShape, ModelTask, check_model};

use crate::formula::{choices, uniform};

const SEED: Seed = Seed::new(4);
const BATCH: usize = 4;

/// The parameters of a model when a config says nothing.
fn defaults(entry: &ModelEntry) -> Box<dyn ModelConfig> {
    let mut problems = Problems::new();
    let node = parse(&Source::new("model.json", json!({}).to_string()), &mut problems).unwrap();
    (entry.read)(&node, &JsonPath::root(), &mut problems).unwrap()
}

/// What data may look like.
fn shapes() -> Vec<ModelShape> {
    let numbers =
        |sample: &[usize]| ModelShape { sample: sample.to_vec(), vocabulary: None, outputs: 5, each_position: false };
    vec![
        numbers(&[12]),
        numbers(&[6, 3]),
        numbers(&[1, 8, 8]),
        numbers(&[3, 17, 34]),
        ModelShape { vocabulary: Some(11), ..numbers(&[7]) },
        ModelShape { vocabulary: Some(11), outputs: 11, each_position: true, ..numbers(&[7]) },
    ]
}

fn input(shape: &ModelShape) -> Tensor {
    let (count, dims) = (BATCH * shape.features(), [&[BATCH], &shape.sample[..]].concat());
    if let Some(tokens) = shape.vocabulary {
        return Tensor::from_vec(choices("input", count, tokens), dims, &Device::Cpu).unwrap();
    }
    let values = Tensor::from_iter(uniform("input", count), &Device::Cpu).unwrap();
    values.to_dtype(DType::F32).unwrap().reshape(dims).unwrap()
}

/// Trains two steps: where the last layer begins with zeros, nothing below it changes at the first.
fn check_model_on(name: &str, config: &dyn ModelConfig, shape: &ModelShape) {
    let rebuilds = config.task() == ModelTask::Inputs;
    let outputs = if rebuilds { shape.features() } else { shape.outputs };
    let shape = ModelShape { outputs, ..shape.clone() };
    let parameters = SeededParameters::new(SEED);
    let model = config.build(&shape, parameters.var_builder(DType::F32, &Device::Cpu)).unwrap();
    let variables = parameters.parameters();
    let copies = |tensors: std::collections::BTreeMap<String, Tensor>| -> Vec<(String, Tensor)> {
        tensors.into_iter().map(|(name, tensor)| (name, tensor.copy().unwrap())).collect()
    };
    let before = copies(parameters.tensors());
    let input = input(&shape);
    let mut optimizer = Adam::new(AdamOptions::default());
    for step in 0..2 {
        let output = model.forward(&input, &StepContext::training(SEED, step)).unwrap();
        let loss = if rebuilds {
            mse(&output, &input.flatten_from(1).unwrap()).unwrap()
        } else {
            let rows = output.elem_count() / outputs;
            let targets = Tensor::from_vec(choices("target", rows, outputs), rows, &Device::Cpu).unwrap();
            cross_entropy(&steadfast_ops::reshape(&output, (rows, outputs)).unwrap(), &targets, 0.0).unwrap()
        };
        let gradients = NamedGradients::of(&loss, &variables).unwrap();
        gradients.check_finite().unwrap();
        optimizer.step(&variables, &gradients, 1e-2).unwrap();
    }
    let after = parameters.tensors();
    for (tensor_name, old) in before {
        let change = (old.to_dtype(DType::F64).unwrap() - after[&tensor_name].to_dtype(DType::F64).unwrap()).unwrap();
        let moved = change.abs().unwrap().sum_all().unwrap().to_scalar::<f64>().unwrap();
        assert!(moved > 0.0, "{name} on {:?}: two steps left {tensor_name} as it was", shape.sample);
    }
    let output = model.forward(&input, &StepContext::evaluation()).unwrap();
    let expected = if shape.each_position { vec![BATCH, 7, outputs] } else { vec![BATCH, outputs] };
    assert_eq!(output.dims(), expected, "{name}");
}

#[test]
fn every_model_learns_from_its_defaults() {
    for entry in MODELS {
        let config = defaults(entry);
        let (mut taken, mut refused) = (0, Vec::new());
        for shape in shapes() {
            match check_model(&*config, &shape) {
                Ok(()) => {
                    taken += 1;
                    check_model_on(entry.name, &*config, &shape);
                }
                Err(message) => refused.push(message),
            }
        }
        assert!(taken > 0, "{} takes nothing: {refused:?}", entry.name);
    }
}

#[test]
fn what_a_model_refuses_it_says_in_a_sentence() {
    let mut told = Vec::new();
    for entry in MODELS {
        for shape in shapes() {
            if let Err(message) = check_model(&*defaults(entry), &shape) {
                told.push(format!("{} {:?}: {message}", entry.name, shape.sample));
            }
        }
    }
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn sizes_that_multiply_past_memory_are_refused() {
    for entry in MODELS {
        let config = defaults(entry);
        let huge =
            ModelShape { sample: vec![1, 1 << 20, 1 << 20], vocabulary: None, outputs: 1 << 31, each_position: false };
        let text = ModelShape { sample: vec![64], vocabulary: Some(1 << 31), outputs: 1 << 31, each_position: true };
        for shape in [huge, text] {
            assert!(check_model(&*config, &shape).is_err(), "{} takes {:?}", entry.name, shape.sample);
        }
    }
}
