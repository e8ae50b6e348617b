//! Tensors as named bytes, and back.

use std::collections::BTreeMap;

use candle_core::{Device, Tensor};
use steadfast_experiment::ExperimentError;
use steadfast_state::{TensorData, TensorMap};

/// Copies tensors out for a checkpoint.
pub(super) fn to_map(tensors: &BTreeMap<String, Tensor>) -> Result<TensorMap, ExperimentError> {
    let mut map = TensorMap::new();
    for (name, tensor) in tensors {
        let values = tensor.flatten_all().and_then(|flat| flat.to_vec1::<f32>()).map_err(ExperimentError::compute)?;
        let data = TensorData::from_f32(tensor.dims().to_vec(), &values).map_err(ExperimentError::compute)?;
        map.insert(name.clone(), data);
    }
    Ok(map)
}

/// Makes tensors of a checkpoint's bytes.
pub(super) fn from_map(map: &TensorMap, device: &Device) -> Result<BTreeMap<String, Tensor>, ExperimentError> {
    let mut tensors = BTreeMap::new();
    for (name, data) in map {
        let refused = |message: String| ExperimentError::State { message: format!("`{name}`: {message}") };
        let values = data.to_f32().ok_or_else(|| refused(format!("is {:?} instead of F32", data.dtype())))?;
        let tensor = Tensor::from_vec(values, data.shape(), device).map_err(|error| refused(error.to_string()))?;
        tensors.insert(name.clone(), tensor);
    }
    Ok(tensors)
}
