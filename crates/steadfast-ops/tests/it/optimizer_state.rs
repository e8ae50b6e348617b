//! An optimizer restored from its state goes on as if nothing had happened.

use std::collections::BTreeMap;

use candle_core::{DType, Device, Tensor, Var};
use steadfast_ops::{
    Adagrad, AdagradOptions, Adam, AdamOptions, Lion, LionOptions, NamedGradients, Optimizer, OptimizerError,
    OptimizerState, RmsProp, RmsPropOptions, Sgd, SgdOptions, WeightAverage, mse,
};

use crate::support::{bits, ramp};

fn parameters() -> BTreeMap<String, Var> {
    let named = |name: &str, factor, dims: &[usize]| (name.to_owned(), Var::from_tensor(&ramp(factor, dims)).unwrap());
    BTreeMap::from([named("fc.weight", 37, &[5, 3]), named("fc.bias", 41, &[5])])
}

fn train(optimizer: &mut dyn Optimizer, parameters: &BTreeMap<String, Var>, steps: std::ops::Range<usize>) {
    for step in steps {
        let x = ramp(43 + step, &[7, 3]);
        let y = steadfast_ops::linear(&x, &parameters["fc.weight"], Some(&parameters["fc.bias"])).unwrap();
        let loss = mse(&y, &ramp(47, &[7, 5])).unwrap();
        optimizer.step(parameters, &NamedGradients::of(&loss, parameters).unwrap(), 0.05).unwrap();
    }
}

/// A copy that shares no memory, as a file would be.
fn saved(state: &OptimizerState) -> OptimizerState {
    let tensors = state.tensors.iter().map(|(name, tensor)| (name.clone(), tensor.copy().unwrap()));
    OptimizerState { steps: state.steps, tensors: tensors.collect() }
}

fn check_resume(make: impl Fn() -> Box<dyn Optimizer>) {
    let whole = parameters();
    train(make().as_mut(), &whole, 0..6);
    for interrupted_after in 0..6 {
        let resumed = parameters();
        let mut first = make();
        train(first.as_mut(), &resumed, 0..interrupted_after);
        let state = saved(&first.state());
        assert_eq!(state.steps, interrupted_after as u64);
        let mut second = make();
        second.restore(&resumed, &state).unwrap();
        train(second.as_mut(), &resumed, interrupted_after..6);
        for (name, var) in &whole {
            assert_eq!(bits(var), bits(&resumed[name]), "{name}, interrupted after {interrupted_after}");
        }
    }
}

#[test]
fn every_optimizer_resumes_exactly() {
    check_resume(|| Box::new(Sgd::new(SgdOptions::default())));
    check_resume(|| {
        Box::new(Sgd::new(SgdOptions { momentum: 0.9, dampening: 0.5, nesterov: true, weight_decay: 0.1 }))
    });
    check_resume(|| Box::new(Adam::new(AdamOptions::default())));
    check_resume(|| Box::new(Adam::new(AdamOptions::adamw())));
    for (momentum, centered) in [(0.0, false), (0.9, false), (0.0, true), (0.9, true)] {
        let options = RmsPropOptions { momentum, centered, ..RmsPropOptions::default() };
        check_resume(|| Box::new(RmsProp::new(options)));
    }
    let options = AdagradOptions { rate_decay: 0.1, initial_sum: 0.5, ..AdagradOptions::default() };
    check_resume(|| Box::new(Adagrad::new(options)));
    check_resume(|| Box::new(Lion::new(LionOptions { weight_decay: 0.1, ..LionOptions::default() })));
}

#[test]
fn an_average_resumes_exactly_and_refuses_what_does_not_fit() {
    let parameters = parameters();
    let mut optimizer = Sgd::new(SgdOptions::default());
    let mut whole = WeightAverage::new(0.9, &parameters).unwrap();
    train(&mut optimizer, &parameters, 0..1);
    whole.update(&parameters).unwrap();
    let saved: BTreeMap<String, Tensor> =
        whole.tensors().into_iter().map(|(name, tensor)| (name, tensor.copy().unwrap())).collect();
    let mut resumed = WeightAverage::new(0.9, &parameters).unwrap();
    resumed.restore(&saved).unwrap();
    train(&mut optimizer, &parameters, 1..2);
    whole.update(&parameters).unwrap();
    resumed.update(&parameters).unwrap();
    for (name, tensor) in whole.tensors() {
        assert_eq!(bits(&tensor), bits(&resumed.tensors()[&name]), "{name}");
    }
    let mut wrong = saved.clone();
    wrong.remove("fc.bias");
    assert!(matches!(resumed.restore(&wrong), Err(OptimizerError::Mismatch(_))));
}

#[test]
fn state_has_names() {
    let parameters = parameters();
    let mut optimizer = Adam::new(AdamOptions::default());
    assert!(optimizer.state().tensors.is_empty());
    train(&mut optimizer, &parameters, 0..2);
    let state = optimizer.state();
    let names: Vec<&str> = state.tensors.keys().map(String::as_str).collect();
    let expected =
        ["first_moment.fc.bias", "first_moment.fc.weight", "second_moment.fc.bias", "second_moment.fc.weight"];
    assert_eq!(names, expected);
    assert_eq!(state.tensors["first_moment.fc.weight"].dims(), [5, 3]);
}

#[test]
fn state_that_does_not_fit_changes_nothing() {
    let parameters = parameters();
    let mut optimizer = Adam::new(AdamOptions::default());
    train(&mut optimizer, &parameters, 0..2);
    let before = saved(&optimizer.state());
    let mut wrong = saved(&before);
    wrong.tensors.remove("second_moment.fc.bias");
    wrong.tensors.insert("velocity.fc.bias".to_owned(), Tensor::zeros(5, DType::F32, &Device::Cpu).unwrap());
    let transposed = wrong.tensors["first_moment.fc.weight"].t().unwrap().contiguous().unwrap();
    wrong.tensors.insert("first_moment.fc.weight".to_owned(), transposed);
    let Err(OptimizerError::Mismatch(differences)) = optimizer.restore(&parameters, &wrong) else {
        panic!("the state was taken")
    };
    assert_eq!(differences.missing, ["second_moment.fc.bias"]);
    assert_eq!(differences.unexpected, ["velocity.fc.bias"]);
    assert_eq!(differences.mismatched.len(), 1);
    let after = optimizer.state();
    assert_eq!(before.steps, after.steps);
    assert!(before.tensors.iter().all(|(name, tensor)| bits(tensor) == bits(&after.tensors[name])));
}
