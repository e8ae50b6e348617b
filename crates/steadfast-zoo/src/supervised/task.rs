//! What is learnt: a loss to go down and figures to look at.

use candle_core::{Device, Result, Tensor};
use steadfast_ops::{cross_entropy, cross_entropy_rows, flatten_from, mse, reshape};

use crate::datasets::{DataError, Dataset, Targets};
use crate::models::ModelTask;

/// Classification or regression, as the data says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    /// Cross-entropy over classes.
    Classification,
    /// Mean squared error over values.
    Regression,
    /// Cross-entropy of the token that comes next, at each position.
    NextToken,
    /// Mean squared error between the outputs and the inputs.
    Reconstruction,
}

/// Sums over samples, in a fixed order: equal samples give equal bits however they are cut into batches of the same
/// size.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Totals {
    /// Samples that were measured; of a text, its positions.
    pub(super) samples: u64,
    /// Sum of the losses of the samples.
    pub(super) loss: f64,
    /// Correct samples, or the sum of absolute errors.
    pub(super) figure: f64,
}

impl Totals {
    pub(super) fn add(&mut self, other: Self) {
        self.samples += other.samples;
        self.loss += other.loss;
        self.figure += other.figure;
    }

    /// Mean loss and mean figure of a sample.
    pub(super) fn means(&self) -> (f64, f64) {
        let samples = self.samples as f64;
        (self.loss / samples, self.figure / samples)
    }
}

impl Task {
    pub(super) fn of(targets: &Targets, learns: ModelTask) -> Self {
        match (learns, targets) {
            (ModelTask::Inputs, _) => Self::Reconstruction,
            (ModelTask::Targets, Targets::Classes { .. }) => Self::Classification,
            (ModelTask::Targets, Targets::Values { .. }) => Self::Regression,
            (ModelTask::Targets, Targets::NextTokens { .. }) => Self::NextToken,
        }
    }

    /// Names of the figures of training and of validation.
    pub(super) fn figure_names(self) -> (&'static str, &'static str) {
        match self {
            Self::Classification | Self::NextToken => ("train_accuracy", "val_accuracy"),
            Self::Regression | Self::Reconstruction => ("train_mae", "val_mae"),
        }
    }

    /// The targets of these samples: class numbers `[batch]`, values `[batch, width]`, next tokens
    /// `[batch * positions]`, or the flattened inputs `[batch, numbers]`.
    pub(super) fn targets(
        self,
        data: &Dataset,
        indices: &[usize],
        input: &Tensor,
    ) -> std::result::Result<Tensor, TargetError> {
        let count = indices.len();
        Ok(match self {
            Self::Reconstruction => input.flatten_from(1)?,
            Self::NextToken => {
                let mut tokens = Vec::new();
                data.fill_next_tokens(indices, &mut tokens)?;
                let positions = tokens.len();
                Tensor::from_vec(tokens, positions, &Device::Cpu)?
            }
            Self::Classification => {
                let mut labels = Vec::with_capacity(count);
                data.fill_labels(indices, &mut labels)?;
                Tensor::from_vec(labels, count, &Device::Cpu)?
            }
            Self::Regression => {
                let width = data.targets().outputs();
                let mut values = Vec::with_capacity(count * width);
                data.fill_values(indices, &mut values)?;
                Tensor::from_vec(values, (count, width), &Device::Cpu)?
            }
        })
    }

    /// The outputs in the shape in which they are compared with the targets.
    pub(super) fn rows(self, output: &Tensor) -> Result<Tensor> {
        match self {
            Self::Classification | Self::Regression => Ok(output.clone()),
            Self::NextToken => {
                let (batch, positions, outputs) = output.dims3()?;
                reshape(output, (batch * positions, outputs))
            }
            Self::Reconstruction => flatten_from(output, 1),
        }
    }

    /// The mean loss of a batch in rows, to be differentiated.
    pub(super) fn loss(self, rows: &Tensor, targets: &Tensor, label_smoothing: f64) -> Result<Tensor> {
        match self {
            Self::Classification | Self::NextToken => cross_entropy(rows, targets, label_smoothing),
            Self::Regression | Self::Reconstruction => mse(rows, targets),
        }
    }

    /// Losses and figures of a batch, summed. The loss is plain, whatever smoothing is trained with.
    pub(super) fn totals(self, output: &Tensor, targets: &Tensor) -> Result<Totals> {
        let samples = output.dim(0)? as u64;
        let (loss, figure) = match self {
            Self::Classification | Self::NextToken => {
                let rows = cross_entropy_rows(output, targets, 0.0)?.to_vec1::<f32>()?;
                (sum(rows), self.figure(output, targets)?)
            }
            Self::Regression | Self::Reconstruction => {
                let difference = (output - targets)?;
                let squares = difference.sqr()?.mean(1)?.to_vec1::<f32>()?;
                (sum(squares), self.figure(output, targets)?)
            }
        };
        Ok(Totals { samples, loss, figure })
    }

    /// Correct samples of a batch, or the sum of their absolute errors.
    pub(super) fn figure(self, output: &Tensor, targets: &Tensor) -> Result<f64> {
        match self {
            Self::Classification | Self::NextToken => correct(output, targets),
            Self::Regression | Self::Reconstruction => Ok(sum((output - targets)?.abs()?.mean(1)?.to_vec1::<f32>()?)),
        }
    }
}

/// How many rows have their largest output at the target. A row with NaN is never correct.
fn correct(output: &Tensor, targets: &Tensor) -> Result<f64> {
    let classes = output.dim(1)?;
    let output = output.flatten_all()?.to_vec1::<f32>()?;
    let targets = targets.to_vec1::<u32>()?;
    let hits = output.chunks_exact(classes).zip(&targets).filter(|(row, target)| {
        let chosen = row.get(**target as usize).copied().unwrap_or(f32::NAN);
        // The first of equal outputs is the answer, as with argmax.
        let before = &row[..(**target as usize).min(row.len())];
        row.iter().all(|other| *other <= chosen) && before.iter().all(|other| *other < chosen)
    });
    Ok(hits.count() as f64)
}

fn sum(values: Vec<f32>) -> f64 {
    values.into_iter().map(f64::from).sum()
}

/// Targets that could not be made into a tensor.
#[derive(Debug, thiserror::Error)]
pub(super) enum TargetError {
    #[error(transparent)]
    Data(#[from] DataError),
    #[error(transparent)]
    Tensor(#[from] candle_core::Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn correct_means_first_largest() -> Result<()> {
        let output = Tensor::new(&[[1f32, 3.0, 2.0], [2.0, 2.0, 1.0], [f32::NAN, 1.0, 0.0]], &Device::Cpu)?;
        for (targets, expected) in [([1u32, 0, 1], 2.0), ([2, 1, 0], 0.0), ([1, 1, 2], 1.0)] {
            let targets = Tensor::new(&targets, &Device::Cpu)?;
            assert!((correct(&output, &targets)? - expected).abs() < 1e-9);
        }
        Ok(())
    }

    #[test]
    fn regression_measures_squares_and_distances() -> Result<()> {
        let output = Tensor::new(&[[1f32], [4.0]], &Device::Cpu)?;
        let targets = Tensor::new(&[[2f32], [1.0]], &Device::Cpu)?;
        let totals = Task::Regression.totals(&output, &targets)?;
        assert_eq!(totals, Totals { samples: 2, loss: 10.0, figure: 4.0 });
        assert_eq!(totals.means(), (5.0, 2.0));
        Ok(())
    }
}
