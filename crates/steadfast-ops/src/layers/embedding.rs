//! The embedding layer.

use candle_core::{Result, Tensor};
use candle_nn::{Init, VarBuilder};

use crate::context::StepContext;
use crate::ops;

/// A table of rows that are looked up by number: `torch.nn.Embedding`.
///
/// Parameter: `weight` `[rows, width]`, first standard normal.
#[derive(Clone, Debug)]
pub struct Embedding {
    weight: Tensor,
}

impl Embedding {
    /// A table with this many rows of this width.
    pub fn new(rows: usize, width: usize, builder: &VarBuilder<'_>) -> Result<Self> {
        let weight = builder.get_with_hints((rows, width), "weight", Init::Randn { mean: 0.0, stdev: 1.0 })?;
        Ok(Self { weight })
    }

    /// A table that exists already, such as one with other first values.
    pub const fn from_tensor(weight: Tensor) -> Self {
        Self { weight }
    }

    /// The rows with these numbers (u32 of any shape), along a new last dimension.
    pub fn forward(&self, ids: &Tensor, _context: &StepContext) -> Result<Tensor> {
        ops::embedding(&self.weight, ids)
    }

    /// The table, `[rows, width]`.
    pub const fn weight(&self) -> &Tensor {
        &self.weight
    }
}
