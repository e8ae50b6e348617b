//! One tensor as raw bytes, and a named set of them.

use std::collections::BTreeMap;

use crate::dtype::Dtype;
use crate::error::TensorError;

/// Named tensors in the order of their names, so that nothing depends on the order of insertion.
pub type TensorMap = BTreeMap<String, TensorData>;

/// A tensor as it lies on disk: element type, shape, row-major little-endian bytes.
///
/// The three always fit each other: the only way to make one is [`TensorData::new`], which checks.
///
/// # Example
///
/// ```
/// use steadfast_state::{Dtype, TensorData};
///
/// let weight = TensorData::from_f32(vec![2, 2], &[1.0, 2.0, 3.0, 4.0])?;
/// assert_eq!(weight.dtype(), Dtype::F32);
/// assert_eq!(weight.bytes().len(), 16);
/// assert!(TensorData::new(Dtype::F64, vec![2, 2], vec![0; 31]).is_err());
/// # Ok::<(), steadfast_state::TensorError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorData {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl TensorData {
    /// A tensor from its bytes; an empty shape is a scalar.
    ///
    /// # Errors
    /// When the number of bytes is not the product of the shape times the element size, or that product overflows.
    pub fn new(dtype: Dtype, shape: Vec<usize>, bytes: Vec<u8>) -> Result<Self, TensorError> {
        let expected = shape
            .iter()
            .try_fold(dtype.size(), |product, &length| product.checked_mul(length))
            .ok_or_else(|| TensorError::Overflow { dtype, shape: shape.clone() })?;
        if bytes.len() == expected {
            Ok(Self { dtype, shape, bytes })
        } else {
            Err(TensorError::Length { dtype, shape, expected, found: bytes.len() })
        }
    }

    /// A tensor of single-precision numbers.
    pub fn from_f32(shape: Vec<usize>, values: &[f32]) -> Result<Self, TensorError> {
        Self::new(Dtype::F32, shape, values.iter().flat_map(|value| value.to_le_bytes()).collect())
    }

    /// The elements, when they are of type [`Dtype::F32`].
    pub fn to_f32(&self) -> Option<Vec<f32>> {
        (self.dtype == Dtype::F32)
            .then(|| self.bytes.as_chunks::<4>().0.iter().map(|chunk| f32::from_le_bytes(*chunk)).collect())
    }

    /// A tensor of double-precision numbers.
    pub fn from_f64(shape: Vec<usize>, values: &[f64]) -> Result<Self, TensorError> {
        Self::new(Dtype::F64, shape, values.iter().flat_map(|value| value.to_le_bytes()).collect())
    }

    /// The elements, when they are of type [`Dtype::F64`].
    pub fn to_f64(&self) -> Option<Vec<f64>> {
        (self.dtype == Dtype::F64)
            .then(|| self.bytes.as_chunks::<8>().0.iter().map(|chunk| f64::from_le_bytes(*chunk)).collect())
    }

    /// Type of the elements.
    pub fn dtype(&self) -> Dtype {
        self.dtype
    }

    /// Length of each axis; empty for a scalar.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The elements, row-major, little endian.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Gives up type, shape and bytes without a copy.
    pub fn into_parts(self) -> (Dtype, Vec<usize>, Vec<u8>) {
        (self.dtype, self.shape, self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::{Dtype, TensorData};
    use crate::error::TensorError;

    #[test]
    fn length_must_fit_the_shape() {
        assert!(TensorData::new(Dtype::F32, vec![2, 3], vec![0; 24]).is_ok());
        assert!(TensorData::new(Dtype::F32, vec![], vec![0; 4]).is_ok());
        assert!(TensorData::new(Dtype::F32, vec![0, 7], vec![]).is_ok());
        let error = TensorData::new(Dtype::F32, vec![2, 3], vec![0; 23]).unwrap_err();
        assert_eq!(error.to_string(), "tensor of type f32 and shape [2, 3] needs 24 bytes, got 23");
    }

    #[test]
    fn sizes_that_overflow_are_refused() {
        for shape in [vec![usize::MAX, 2], vec![usize::MAX / 2], vec![1 << 32, 1 << 32, 0]] {
            let error = TensorData::new(Dtype::F64, shape, vec![]).unwrap_err();
            assert!(matches!(error, TensorError::Overflow { .. }), "{error}");
        }
    }

    #[test]
    fn single_precision_survives_bit_by_bit() {
        let values = [0.0, -0.0, f32::MIN_POSITIVE / 3.0, f32::INFINITY, f32::from_bits(0x7fc0_1234)];
        let tensor = TensorData::from_f32(vec![5], &values).unwrap();
        let back: Vec<u32> = tensor.to_f32().unwrap().into_iter().map(f32::to_bits).collect();
        assert_eq!(back, values.map(f32::to_bits));
        assert_eq!(TensorData::new(Dtype::U8, vec![4], vec![0; 4]).unwrap().to_f32(), None);
    }

    #[test]
    fn double_precision_comes_back_bit_by_bit() {
        let values = [0.1, -0.0, f64::MAX, f64::MIN_POSITIVE];
        let tensor = TensorData::from_f64(vec![2, 2], &values).unwrap();
        let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&tensor.to_f64().unwrap()), bits(&values));
        assert_eq!(tensor.to_f32(), None);
    }
}
