//! The whole training state as one value.

use crate::tensor_data::TensorMap;

/// Everything needed to go on with a run, at a boundary between two optimizer steps.
///
/// What is inside is the caller's business: `state` is any JSON, `tensors` any named bytes.
/// Numbers in `state` come back bit by bit.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// Optimizer steps done so far.
    pub step: u64,
    /// Epoch, batch, best metrics, scheduler: whatever is not a tensor.
    pub state: serde_json::Value,
    /// Parameters, buffers, optimizer moments.
    pub tensors: TensorMap,
}
