//! Numbers for the tests, and comparing them.

use candle_core::{DType, Device, Tensor};

/// `(i * factor mod 101) / 101 * 4 - 2` in f32: numbers between -2 and 2 that every language computes alike.
pub(crate) fn ramp(factor: usize, dims: &[usize]) -> Tensor {
    let values: Vec<f32> =
        (0..dims.iter().product()).map(|index: usize| (index * factor % 101) as f32 / 101.0 * 4.0 - 2.0).collect();
    Tensor::from_vec(values, dims, &Device::Cpu).unwrap()
}

/// Numbers as another program printed them, separated by blanks.
pub(crate) fn numbers(text: &str) -> Vec<f64> {
    text.split_whitespace().map(|number| number.parse().unwrap()).collect()
}

/// All values as f64, in row-major order.
pub(crate) fn flat(tensor: &Tensor) -> Vec<f64> {
    tensor.to_dtype(DType::F64).unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

/// All values as bits.
pub(crate) fn bits(tensor: &Tensor) -> Vec<u32> {
    tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap().into_iter().map(f32::to_bits).collect()
}

/// Compares numbers by their error relative to the largest of them, or absolute where all are below one.
pub(crate) fn assert_near(found: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(1.0_f64, |largest, value| largest.max(value.abs()));
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (found - expected).abs() / largest;
        assert!(error < tolerance, "{what}: element {index} is {found}, expected {expected}");
    }
}
