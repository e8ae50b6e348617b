//! Parameters by name: independent of each other, told apart from buffers, loaded all or not at all.

use std::collections::BTreeMap;

use candle_core::{DType, Device, Tensor};
use candle_nn::init::{FanInOut, NonLinearity, NormalOrUniform};
use candle_nn::{Init, VarBuilder};
use steadfast_ops::{BatchNorm, Conv2d, Conv2dOptions, Embedding, Linear, LoadError, Seed, SeededParameters};

use crate::support::{bits, flat};

fn model(seed: u64, build: impl Fn(&VarBuilder<'_>)) -> SeededParameters {
    let parameters = SeededParameters::new(Seed::new(seed));
    build(&parameters.var_builder(DType::F32, &Device::Cpu));
    parameters
}

#[test]
fn a_new_layer_does_not_change_the_others() {
    let small = model(3, |builder| {
        Linear::new(5, 4, &builder.pp("fc")).unwrap();
    });
    let large = model(3, |builder| {
        Linear::new(5, 5, &builder.pp("another")).unwrap();
        Linear::new(5, 4, &builder.pp("fc")).unwrap();
    });
    let other_seed = model(4, |builder| {
        Linear::new(5, 4, &builder.pp("fc")).unwrap();
    });
    for (name, var) in small.parameters() {
        assert_eq!(bits(&var), bits(&large.parameters()[&name]), "{name}");
        assert_ne!(bits(&var), bits(&other_seed.parameters()[&name]), "{name}");
    }
}

#[test]
fn first_values_have_the_ranges_of_pytorch() {
    let parameters = model(1, |builder| {
        Linear::new(400, 30, &builder.pp("fc")).unwrap();
        let grouped = Conv2dOptions { groups: 2, ..Conv2dOptions::default() };
        Conv2d::new([8, 64], 3, grouped, &builder.pp("conv")).unwrap();
        Embedding::new(500, 20, &builder.pp("table")).unwrap();
    });
    // Bounds: 1 / sqrt(400), and 1 / sqrt(8 / 2 * 3 * 3).
    for (name, bound) in [("fc.weight", 0.05), ("fc.bias", 0.05), ("conv.weight", 1.0 / 6.0), ("conv.bias", 1.0 / 6.0)]
    {
        let values = flat(&parameters.parameters()[name]);
        let largest = values.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
        assert!(largest <= bound && largest > 0.8 * bound, "{name}: {largest}");
    }
    let table = flat(&parameters.parameters()["table.weight"]);
    let squares = table.iter().map(|value| value * value).sum::<f64>() / table.len() as f64;
    assert!((squares - 1.0).abs() < 0.06, "variance {squares}");
    assert_eq!(parameters.parameter_count(), 400 * 30 + 30 + 64 * 4 * 9 + 64 + 500 * 20);
}

#[test]
fn every_hint_is_honored() {
    let parameters = model(1, |builder| {
        let get = |name, hint| builder.get_with_hints((50, 400), name, hint).unwrap();
        get("constant", Init::Const(2.5));
        get("normal", Init::Randn { mean: 3.0, stdev: 0.5 });
        get("uniform", Init::Uniform { lo: 1.0, up: 2.0 });
        for (name, dist) in [("kaiming_normal", NormalOrUniform::Normal), ("kaiming_uniform", NormalOrUniform::Uniform)]
        {
            get(name, Init::Kaiming { dist, fan: FanInOut::FanIn, non_linearity: NonLinearity::ReLU });
        }
    });
    let moments = |name: &str| {
        let values = flat(&parameters.parameters()[name]);
        let mean = values.iter().sum::<f64>() / 2e4;
        (mean, (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 2e4).sqrt())
    };
    // sqrt(2 / 400) for both kinds of Kaiming's initialization, and 1 / sqrt(12) for the uniform distribution.
    for (name, mean, deviation) in [
        ("constant", 2.5, 0.0),
        ("normal", 3.0, 0.5),
        ("uniform", 1.5, 0.288_7),
        ("kaiming_normal", 0.0, 0.070_7),
        ("kaiming_uniform", 0.0, 0.070_7),
    ] {
        let found = moments(name);
        assert!((found.0 - mean).abs() < 0.02 && (found.1 - deviation).abs() < 0.01, "{name}: {found:?}");
    }
}

#[test]
fn the_same_name_is_the_same_parameter() {
    let parameters = SeededParameters::new(Seed::new(1));
    let builder = parameters.var_builder(DType::F32, &Device::Cpu);
    let first = builder.get((2, 3), "weight").unwrap();
    assert_eq!(first.id(), builder.get((2, 3), "weight").unwrap().id());
    assert_eq!(first.id(), builder.get_unchecked("weight").unwrap().id());
    assert!(builder.get((3, 2), "weight").is_err());
    assert!(builder.get_unchecked("other").is_err());
    assert!(builder.contains_tensor("weight") && !builder.contains_tensor("other"));
}

/// A model with parameters and buffers.
fn normalized(seed: u64) -> SeededParameters {
    model(seed, |builder| {
        Linear::new(3, 2, &builder.pp("fc")).unwrap();
        BatchNorm::new(2, &builder.pp("bn")).unwrap();
    })
}

#[test]
fn buffers_are_told_apart() {
    let parameters = normalized(1);
    let names = |map: BTreeMap<String, _>| map.into_keys().collect::<Vec<_>>();
    assert_eq!(names(parameters.parameters()), ["bn.bias", "bn.weight", "fc.bias", "fc.weight"]);
    assert_eq!(names(parameters.buffers()), ["bn.num_batches_tracked", "bn.running_mean", "bn.running_var"]);
    assert_eq!(parameters.tensors().len(), 7);
}

#[test]
fn a_saved_model_is_loaded_into_a_fresh_one() {
    let (saved, fresh) = (normalized(1), normalized(2));
    fresh.load(&saved.tensors()).unwrap();
    for (name, tensor) in saved.tensors() {
        assert_eq!(flat(&tensor), flat(&fresh.tensors()[&name]), "{name}");
    }
    // A model can be loaded from its own tensors too.
    fresh.load(&fresh.tensors()).unwrap();
}

#[test]
fn tensors_that_do_not_fit_are_all_listed_and_nothing_changes() {
    let (saved, fresh) = (normalized(1), normalized(2));
    let before: Vec<Vec<f64>> = fresh.tensors().values().map(flat).collect();
    let mut tensors = saved.tensors();
    tensors.remove("fc.bias");
    tensors.remove("bn.running_var");
    tensors.insert("head.weight".to_owned(), Tensor::zeros(1, DType::F32, &Device::Cpu).unwrap());
    tensors.insert("fc.weight".to_owned(), Tensor::zeros((3, 2), DType::F32, &Device::Cpu).unwrap());
    tensors.insert("bn.bias".to_owned(), Tensor::zeros(2, DType::F64, &Device::Cpu).unwrap());
    let error = fresh.load(&tensors).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the tensors do not fit the model: missing bn.running_var, fc.bias; unexpected head.weight; \
         bn.bias is f64 [2] instead of f32 [2]; fc.weight is f32 [3, 2] instead of f32 [2, 3]"
    );
    assert!(matches!(error, LoadError::Mismatch(differences) if !differences.is_empty()));
    assert_eq!(before, fresh.tensors().values().map(flat).collect::<Vec<_>>());
}
