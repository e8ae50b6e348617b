//! Numbers that must not be saved: a checkpoint full of NaN is no place to go back to.

use steadfast_state::{Dtype, TensorData, TensorMap};

/// The first tensor with an element that is NaN or infinite.
pub(crate) fn first_not_finite(tensors: &TensorMap) -> Option<&str> {
    tensors.iter().find(|(_, tensor)| !is_finite(tensor)).map(|(name, _)| name.as_str())
}

/// An element is NaN or infinite exactly if all bits of its exponent are set. Integers are always finite.
fn is_finite(tensor: &TensorData) -> bool {
    let bytes = tensor.bytes();
    let all_16 =
        |exponent: u16| bytes.as_chunks().0.iter().all(|half| u16::from_le_bytes(*half) & exponent != exponent);
    match tensor.dtype() {
        Dtype::F16 => all_16(0x7c00),
        Dtype::BF16 => all_16(0x7f80),
        Dtype::F32 => bytes.as_chunks().0.iter().all(|number| f32::from_le_bytes(*number).is_finite()),
        Dtype::F64 => bytes.as_chunks().0.iter().all(|number| f64::from_le_bytes(*number).is_finite()),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_number_is_looked_at() {
        let half = |bits: u16, dtype| TensorData::new(dtype, vec![1], bits.to_le_bytes().to_vec()).unwrap();
        let single = |value| TensorData::from_f32(vec![2], &[0.0, value]).unwrap();
        let double = |value| TensorData::from_f64(vec![2], &[value, 0.0]).unwrap();
        for (tensor, finite) in [
            (half(0x7bff, Dtype::F16), true),
            (half(0x7c00, Dtype::F16), false),
            (half(0xfe00, Dtype::F16), false),
            (half(0x7f7f, Dtype::BF16), true),
            (half(0x7fc0, Dtype::BF16), false),
            (single(f32::MAX), true),
            (single(f32::NAN), false),
            (double(f64::MIN), true),
            (double(f64::NEG_INFINITY), false),
            (half(0xffff, Dtype::U16), true),
        ] {
            assert_eq!(is_finite(&tensor), finite, "{tensor:?}");
        }
        let tensors = TensorMap::from([("a".to_owned(), single(1.0)), ("b".to_owned(), single(f32::INFINITY))]);
        assert_eq!(first_not_finite(&tensors), Some("b"));
    }
}
