//! What can go wrong beside candle's own errors.

use std::fmt;

use candle_core::{DType, Shape};

/// Named tensors do not fit the parameters and buffers they should be loaded into; nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// Names, shapes or element types differ.
    #[error("the tensors do not fit the model: {0}")]
    Mismatch(Box<Differences>),
    /// A tensor could not be read, converted or moved to the model's device.
    #[error("cannot load tensor `{name}`")]
    Tensor {
        /// The full name of the tensor.
        name: String,
        /// What candle says.
        #[source]
        source: candle_core::Error,
    },
}

/// Every difference between named tensors and the parameters and buffers of a model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Differences {
    /// Names that the model has and the tensors lack, sorted.
    pub missing: Vec<String>,
    /// Names that the tensors have and the model lacks, sorted.
    pub unexpected: Vec<String>,
    /// Tensors of another shape or element type than the model's, sorted by name.
    pub mismatched: Vec<TensorMismatch>,
}

impl Differences {
    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.missing.is_empty() && self.unexpected.is_empty() && self.mismatched.is_empty()
    }
}

impl fmt::Display for Differences {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        if !self.missing.is_empty() {
            parts.push(format!("missing {}", self.missing.join(", ")));
        }
        if !self.unexpected.is_empty() {
            parts.push(format!("unexpected {}", self.unexpected.join(", ")));
        }
        parts.extend(self.mismatched.iter().map(ToString::to_string));
        formatter.write_str(&parts.join("; "))
    }
}

/// One tensor that has another shape or element type than the model's.
#[derive(Clone, Debug, PartialEq)]
pub struct TensorMismatch {
    /// The full name.
    pub name: String,
    /// Shape and element type in the model.
    pub expected: (Shape, DType),
    /// Shape and element type of the tensor given.
    pub found: (Shape, DType),
}

impl fmt::Display for TensorMismatch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let describe = |(shape, dtype): &(Shape, DType)| format!("{} {:?}", dtype.as_str(), shape.dims());
        write!(formatter, "{} is {} instead of {}", self.name, describe(&self.found), describe(&self.expected))
    }
}

/// A loss or gradients that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GradientError {
    /// Some parameters got no gradient at all: the path from the loss to them is cut.
    #[error("no gradient reaches {}", names.join(", "))]
    Missing {
        /// The full names of the parameters, sorted.
        names: Vec<String>,
    },
    /// A gradient holds an infinity or something that is not a number.
    #[error("the gradient of `{name}` is not finite")]
    NotFinite {
        /// The full name of the first such parameter in sorted order.
        name: String,
    },
    /// The loss is an infinity or not a number.
    #[error("the loss is {value}")]
    LossNotFinite {
        /// The loss.
        value: f64,
    },
    /// Candle failed.
    #[error("cannot compute gradients")]
    Candle(#[from] candle_core::Error),
}

/// Optimizer state that does not fit the optimizer or its parameters; nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OptimizerError {
    /// The state to restore lacks or adds tensors, or their shapes differ.
    #[error("the optimizer state does not fit: {0}")]
    Mismatch(Box<Differences>),
    /// Candle failed on the named parameter.
    #[error("cannot update `{name}`")]
    Tensor {
        /// The full name of the parameter or state tensor.
        name: String,
        /// What candle says.
        #[source]
        source: candle_core::Error,
    },
}
