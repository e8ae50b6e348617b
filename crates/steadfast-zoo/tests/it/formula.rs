//! Numbers that any program computes alike: `xtask/fixtures/formula.py` in Rust.

use std::collections::BTreeMap;

use candle_core::{Device, Tensor};

/// Tensors up to this length are stored whole.
const WHOLE: usize = 64;
/// Entries that are stored of longer ones.
const ENTRIES: usize = 16;

fn fnv1a(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |value, byte| (value ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

fn mixed(value: u32) -> u32 {
    let value = (value ^ (value >> 16)).wrapping_mul(0x7feb_352d);
    let value = (value ^ (value >> 15)).wrapping_mul(0x846c_a68b);
    value ^ (value >> 16)
}

/// 32-bit numbers that belong to a name.
fn words(name: &str, count: usize) -> impl Iterator<Item = u32> + use<> {
    let start = mixed(fnv1a(name));
    (0..u32::try_from(count).unwrap()).map(move |index| mixed(index.wrapping_add(start)))
}

/// Numbers from -1 to 1.
pub(crate) fn uniform(name: &str, count: usize) -> impl Iterator<Item = f64> + use<> {
    words(name, count).map(|word| f64::from(word >> 8) / 8_388_608.0 - 1.0)
}

/// Whole numbers below a bound.
pub(crate) fn choices(name: &str, count: usize, bound: usize) -> Vec<u32> {
    words(name, count).map(|word| word % u32::try_from(bound).unwrap()).collect()
}

/// The values of a parameter or buffer.
pub(crate) fn parameter(name: &str, like: &Tensor) -> Tensor {
    let (dims, last) = (like.dims(), name.rsplit('.').next().unwrap());
    if last == "num_batches_tracked" {
        return like.zeros_like().unwrap();
    }
    let (offset, scale) = match dims {
        _ if last == "running_var" || (last == "weight" && dims.len() == 1) => (1.0, 0.25),
        [] | [_] => (0.0, 0.1),
        [_, inner @ ..] => (0.0, (6.0 / inner.iter().product::<usize>() as f64).sqrt()),
    };
    #[expect(clippy::cast_possible_truncation, reason = "rounding is what the other program does, too")]
    let values: Vec<f32> = uniform(name, like.elem_count()).map(|value| (offset + scale * value) as f32).collect();
    Tensor::from_vec(values, dims, &Device::Cpu).unwrap().to_dtype(like.dtype()).unwrap()
}

/// The values of all parameters and buffers of these names and shapes.
pub(crate) fn parameters(like: &BTreeMap<String, Tensor>) -> BTreeMap<String, Tensor> {
    like.iter().map(|(name, tensor)| (name.clone(), parameter(name, tensor))).collect()
}

/// What is stored of a tensor, and how large an error in each of these numbers may be where one of `error` in each
/// number of the tensor may.
pub(crate) fn digest(name: &str, values: &[f64]) -> Vec<f64> {
    if values.len() <= WHOLE {
        return values.to_vec();
    }
    let entries = choices(&format!("{name} entries"), ENTRIES, values.len());
    let mut digest: Vec<f64> = entries.into_iter().map(|index| values[index as usize]).collect();
    digest.push(norm(values));
    let factors = uniform(&format!("{name} product"), values.len());
    digest.push(values.iter().zip(factors).map(|(value, factor)| value * factor).sum());
    digest
}

/// The Euclidean norm.
pub(crate) fn norm(values: &[f64]) -> f64 {
    values.iter().map(|value| value * value).sum::<f64>().sqrt()
}
