//! Tensors as named bytes, and back.

use std::collections::BTreeMap;

use candle_core::{DType, Device, Tensor};
use steadfast_experiment::ExperimentError;
use steadfast_state::{Dtype, TensorData, TensorMap};

/// Copies tensors out for a checkpoint.
pub(super) fn to_map(tensors: &BTreeMap<String, Tensor>) -> Result<TensorMap, ExperimentError> {
    let mut map = TensorMap::new();
    for (name, tensor) in tensors {
        let (flat, shape) = (tensor.flatten_all().map_err(ExperimentError::compute)?, tensor.dims().to_vec());
        let data = if flat.dtype() == DType::I64 {
            // A count, such as the number of batches that a batch norm has seen.
            let counts = flat.to_vec1::<i64>().map_err(ExperimentError::compute)?;
            TensorData::new(Dtype::I64, shape, counts.into_iter().flat_map(i64::to_le_bytes).collect())
        } else {
            let values = flat.to_vec1::<f32>().map_err(ExperimentError::compute)?;
            TensorData::from_f32(shape, &values)
        };
        map.insert(name.clone(), data.map_err(ExperimentError::compute)?);
    }
    Ok(map)
}

/// Makes tensors of a checkpoint's bytes.
pub(super) fn from_map(map: &TensorMap, device: &Device) -> Result<BTreeMap<String, Tensor>, ExperimentError> {
    let mut tensors = BTreeMap::new();
    for (name, data) in map {
        let refused = |message: String| ExperimentError::State { message: format!("`{name}`: {message}") };
        let tensor = if data.dtype() == Dtype::I64 {
            let (counts, _) = data.bytes().as_chunks::<8>();
            Tensor::from_vec(counts.iter().copied().map(i64::from_le_bytes).collect(), data.shape(), device)
        } else {
            let values = data.to_f32().ok_or_else(|| refused(format!("is {:?} instead of F32", data.dtype())))?;
            Tensor::from_vec(values, data.shape(), device)
        };
        tensors.insert(name.clone(), tensor.map_err(|error| refused(error.to_string()))?);
    }
    Ok(tensors)
}
