//! One check for every operation: gradients, agreement with candle's own operations, precision, strides, threads.

use candle_core::{DType, Device, Result, Tensor, Var};

use crate::random::{Purpose, Seed};

/// Elements of each input whose gradient is held against finite differences.
const SAMPLED: usize = 60;

/// A function of tensors under test.
pub(crate) type Function<'a> = &'a (dyn Fn(&[Tensor]) -> Result<Tensor> + Sync);

/// Normal numbers of this shape, the same for every call with this name.
pub(crate) fn normal(name: &str, dims: &[usize]) -> Tensor {
    let mut values = vec![0.0_f64; dims.iter().product()];
    Seed::new(1).key(Purpose::Custom(name), &[]).fill_normal(&mut values, 0.0, 1.0);
    Tensor::from_vec(values, dims, &Device::Cpu).unwrap()
}

/// Checks `function` against finite differences in f64, against `composed` (the same of candle's own operations), and
/// in f32: precision, strided inputs, inputs that need no gradient, and equal bits for one, two and three threads.
pub(crate) fn check(shapes: &[&[usize]], function: Function<'_>, composed: Function<'_>) {
    let inputs: Vec<Tensor> =
        shapes.iter().enumerate().map(|(index, dims)| normal(&format!("input {index}"), dims)).collect();
    check_inputs(&inputs, function, composed);
}

/// The same for given f64 inputs.
pub(crate) fn check_inputs(inputs: &[Tensor], function: Function<'_>, composed: Function<'_>) {
    let run = differentiate(inputs, function);
    check_finite_differences(inputs, function, &run);
    assert_close(&run, &differentiate(inputs, composed), 1e-9, "candle's own operations");
    let single: Vec<Tensor> = inputs.iter().map(|input| input.to_dtype(DType::F32).unwrap()).collect();
    let single_run = differentiate(&single, function);
    assert_close(&run, &single_run, 2e-5, "f32");
    check_strided(&single, function, &single_run);
    check_untracked(&single, function, &single_run);
    for threads in [1, 2, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let again = pool.install(|| differentiate(&single, function));
        assert_eq!(bits(&single_run), bits(&again), "{threads} threads");
    }
}

/// The result, and the gradients of its sum weighted by fixed numbers.
struct Run {
    output: Tensor,
    gradients: Vec<Tensor>,
}

impl Run {
    fn tensors(&self) -> impl Iterator<Item = &Tensor> {
        std::iter::once(&self.output).chain(&self.gradients)
    }
}

fn differentiate(inputs: &[Tensor], function: Function<'_>) -> Run {
    let vars: Vec<Var> = inputs.iter().map(|input| Var::from_tensor(input).unwrap()).collect();
    let tracked: Vec<Tensor> = vars.iter().map(|var| var.as_tensor().clone()).collect();
    let output = function(&tracked).unwrap();
    let store = weighted_sum(&output).backward().unwrap();
    let gradients = tracked.iter().map(|input| store.get(input).expect("a gradient").clone()).collect();
    Run { output, gradients }
}

/// A scalar that depends on every output in its own way.
fn weighted_sum(output: &Tensor) -> Tensor {
    let weights = normal("weights", output.dims()).to_dtype(output.dtype()).unwrap();
    output.mul(&weights).unwrap().sum_all().unwrap()
}

fn check_finite_differences(inputs: &[Tensor], function: Function<'_>, run: &Run) {
    let weights = flat(&normal("weights", run.output.dims()));
    for (index, (input, gradient)) in inputs.iter().zip(&run.gradients).enumerate() {
        assert_eq!(input.dims(), gradient.dims());
        let (values, gradient) = (flat(input), flat(gradient));
        let step = values.len().div_ceil(SAMPLED).max(1);
        for element in (0..values.len()).step_by(step) {
            let moved = |distance: f64| {
                let mut values = values.clone();
                values[element] += distance;
                let mut inputs = inputs.to_vec();
                inputs[index] = Tensor::from_vec(values, input.shape(), &Device::Cpu).unwrap();
                flat(&function(&inputs).unwrap())
            };
            // Differences are taken before the sum: the sum's rounding would hide them.
            let differences = moved(1e-6).into_iter().zip(moved(-1e-6)).map(|(above, below)| (above - below) / 2e-6);
            let expected: f64 = differences.zip(&weights).map(|(difference, weight)| difference * weight).sum();
            let error = (gradient[element] - expected).abs() / (1.0 + expected.abs());
            let found = gradient[element];
            assert!(error < 1e-6, "input {index}, element {element}: gradient {found}, finite difference {expected}");
        }
    }
}

/// Every input of two dimensions or more is also given as a view whose values do not lie in row-major order.
fn check_strided(inputs: &[Tensor], function: Function<'_>, run: &Run) {
    for strided in (0..inputs.len()).filter(|&index| inputs[index].rank() >= 2) {
        let vars: Vec<Var> = inputs.iter().map(|input| Var::from_tensor(input).unwrap()).collect();
        let mut views: Vec<Tensor> = vars.iter().map(|var| var.as_tensor().clone()).collect();
        // Two transpositions with a copy between them: the same values in another order of memory.
        let last = inputs[strided].rank() - 1;
        let turned = vars[strided].transpose(0, last).unwrap().contiguous().unwrap();
        // Behind other values, so that the view does not begin where its memory begins.
        let behind = Tensor::cat(&[&turned.zeros_like().unwrap(), &turned], 0).unwrap();
        views[strided] = behind.narrow(0, turned.dims()[0], turned.dims()[0]).unwrap().transpose(0, last).unwrap();
        let output = function(&views).unwrap();
        let store = weighted_sum(&output).backward().unwrap();
        let gradients = vars.iter().map(|var| store.get(var.as_tensor()).expect("a gradient").clone()).collect();
        assert_eq!(bits(run), bits(&Run { output, gradients }), "strided input {strided}");
    }
}

/// An input that is a constant gets no gradient, and the others get the same as before.
fn check_untracked(inputs: &[Tensor], function: Function<'_>, run: &Run) {
    for (constant, _) in inputs.iter().enumerate() {
        let vars: Vec<Var> = inputs.iter().map(|input| Var::from_tensor(input).unwrap()).collect();
        let mut tracked: Vec<Tensor> = vars.iter().map(|var| var.as_tensor().clone()).collect();
        tracked[constant] = vars[constant].as_detached_tensor();
        let store = weighted_sum(&function(&tracked).unwrap()).backward().unwrap();
        assert!(store.get(&tracked[constant]).is_none(), "input {constant} needs no gradient");
        for (index, input) in tracked.iter().enumerate().filter(|&(index, _)| index != constant) {
            assert_eq!(bits_of(store.get(input).unwrap()), bits_of(&run.gradients[index]));
        }
    }
}

fn assert_close(expected: &Run, found: &Run, tolerance: f64, what: &str) {
    for (index, (expected, found)) in expected.tensors().zip(found.tensors()).enumerate() {
        assert_eq!(expected.dims(), found.dims(), "{what}: tensor {index}");
        assert_near(&flat(found), &flat(expected), tolerance, &format!("{what}, tensor {index}"));
    }
}

/// Compares numbers by their error relative to the largest of them.
pub(crate) fn assert_near(found: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(1.0_f64, |largest, value| largest.max(value.abs()));
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (found - expected).abs() / largest;
        assert!(error < tolerance, "{what}: element {index} is {found}, expected {expected}");
    }
}

/// All values as f64, in row-major order.
pub(crate) fn flat(tensor: &Tensor) -> Vec<f64> {
    tensor.to_dtype(DType::F64).unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

fn bits(run: &Run) -> Vec<Vec<u32>> {
    run.tensors().map(bits_of).collect()
}

fn bits_of(tensor: &Tensor) -> Vec<u32> {
    tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap().into_iter().map(f32::to_bits).collect()
}
