//! Collecting, measuring and clipping gradients.

use std::collections::BTreeMap;

use candle_core::{Device, Tensor, Var};
use steadfast_ops::{GradientError, NamedGradients, finite_loss};

fn parameters(values: &[(&str, &[f32])]) -> BTreeMap<String, Var> {
    values.iter().map(|(name, values)| ((*name).to_owned(), Var::new(*values, &Device::Cpu).unwrap())).collect()
}

/// A loss with these gradients.
fn loss(parameters: &BTreeMap<String, Var>, gradients: &[(&str, &[f32])]) -> Tensor {
    gradients.iter().fold(Tensor::new(0.0_f32, &Device::Cpu).unwrap(), |loss, (name, gradient)| {
        let gradient = Tensor::new(*gradient, &Device::Cpu).unwrap();
        loss.add(&parameters[*name].mul(&gradient).unwrap().sum_all().unwrap()).unwrap()
    })
}

#[test]
fn a_parameter_without_a_gradient_is_an_error() {
    let parameters = parameters(&[("a", &[1.0]), ("b", &[1.0]), ("c", &[1.0])]);
    let loss = loss(&parameters, &[("b", &[2.0])]);
    let Err(GradientError::Missing { names }) = NamedGradients::of(&loss, &parameters) else { panic!("no error") };
    assert_eq!(names, ["a", "c"]);
    let reaching = NamedGradients::reaching(&loss, &parameters).unwrap();
    assert_eq!(reaching.tensors().keys().collect::<Vec<_>>(), ["b"]);
}

#[test]
fn the_norm_is_that_of_all_gradients_together() {
    let parameters = parameters(&[("a", &[0.0, 0.0]), ("b", &[0.0])]);
    let mut gradients =
        NamedGradients::of(&loss(&parameters, &[("a", &[2.0, 3.0]), ("b", &[6.0])]), &parameters).unwrap();
    assert_eq!(gradients.clip_norm(100.0).unwrap().to_bits(), 7.0_f64.to_bits());
    assert_eq!(gradients.scale().to_bits(), 1.0_f64.to_bits(), "nothing to clip");
    gradients.clip_norm(3.5).unwrap();
    assert!((gradients.norm().unwrap() - 3.5).abs() < 1e-6);
    gradients.multiply(2.0);
    assert!((gradients.norm().unwrap() - 7.0).abs() < 2e-6);
}

#[test]
fn gradients_of_several_batches_add_up() {
    let parameters = parameters(&[("a", &[0.0, 0.0])]);
    let gradients = |values: &[f32]| NamedGradients::of(&loss(&parameters, &[("a", values)]), &parameters).unwrap();
    let mut total = gradients(&[1.0, 2.0]);
    let mut second = gradients(&[4.0, 6.0]);
    second.multiply(0.5);
    total.add(&second).unwrap();
    assert_eq!(total.tensors()["a"].to_vec1::<f32>().unwrap(), [3.0, 5.0]);
    // Gradients that are already scaled keep their values.
    total.multiply(0.1);
    total.add(&gradients(&[10.0, 10.0])).unwrap();
    let found: Vec<f64> =
        total.tensors()["a"].to_vec1::<f32>().unwrap().iter().map(|&v| f64::from(v) * total.scale()).collect();
    assert!((found[0] - 10.3).abs() < 1e-5 && (found[1] - 10.5).abs() < 1e-5, "{found:?}");
}

#[test]
fn a_gradient_that_is_not_finite_is_named() {
    let parameters = parameters(&[("a", &[0.0]), ("b", &[0.0, 0.0]), ("c", &[0.0])]);
    for wrong in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let values: [(&str, &[f32]); 3] = [("a", &[f32::MAX]), ("b", &[1.0, wrong]), ("c", &[wrong])];
        let gradients = NamedGradients::of(&loss(&parameters, &values), &parameters).unwrap();
        let Err(GradientError::NotFinite { name }) = gradients.check_finite() else { panic!("no error for {wrong}") };
        assert_eq!(name, "b");
    }
    let finite = NamedGradients::reaching(&loss(&parameters, &[("a", &[f32::MAX])]), &parameters).unwrap();
    assert!(finite.check_finite().is_ok(), "the largest number is finite");
}

#[test]
fn a_loss_that_is_not_finite_is_an_error() {
    let loss = |value: f32| finite_loss(&Tensor::new(value, &Device::Cpu).unwrap());
    assert_eq!(loss(0.5).unwrap().to_bits(), 0.5_f64.to_bits());
    assert_eq!(loss(f32::INFINITY).unwrap_err().to_string(), "the loss is inf");
    assert_eq!(loss(f32::NAN).unwrap_err().to_string(), "the loss is NaN");
}
