//! What is learnt: a loss to go down, a figure to look at, and what validation sees.

use candle_core::{Device, Result, Tensor};
use serde::{Deserialize, Serialize};
use steadfast_ops::{cross_entropy, cross_entropy_rows, flatten_from, mse, reshape};

use crate::datasets::{DataError, Dataset, Targets};
use crate::metrics::{ClassEvidence, Evidence, TokenEvidence, ValueEvidence, answer};
use crate::models::ModelTask;

/// What is learnt, as model and data say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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

/// Sums over the samples of a step, in a fixed order.
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

    /// What there is to learn, in words.
    pub(super) fn in_words(self) -> &'static str {
        match self {
            Self::Classification => "a class for each sample",
            Self::Regression => "numbers for each sample",
            Self::NextToken => "the next token of a text",
            Self::Reconstruction => "the inputs themselves",
        }
    }

    /// The figure that each step of training tells beside its loss.
    pub(super) fn training_figure(self) -> &'static str {
        match self {
            Self::Classification | Self::NextToken => "train_accuracy",
            Self::Regression | Self::Reconstruction => "train_mae",
        }
    }

    /// The targets of these samples, as they stand in the data: class numbers `[batch]`, values `[batch, width]`, next
    /// tokens `[batch * positions]`, or the flattened inputs `[batch, numbers]`.
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

    /// The mean loss of a batch in rows, to be differentiated: of one set of targets, or of several with their weights,
    /// as when samples are mixed.
    pub(super) fn loss(self, rows: &Tensor, targets: &[(f64, Tensor)], label_smoothing: f64) -> Result<Tensor> {
        let of = |targets: &Tensor| match self {
            Self::Classification | Self::NextToken => cross_entropy(rows, targets, label_smoothing),
            Self::Regression | Self::Reconstruction => mse(rows, targets),
        };
        match targets {
            [(_, only)] => of(only),
            several => {
                let parts: Result<Vec<Tensor>> =
                    several.iter().map(|(weight, targets)| of(targets)?.affine(*weight, 0.0)).collect();
                Tensor::stack(&parts?, 0)?.sum_all()
            }
        }
    }

    /// Correct samples of a batch, or the sum of their absolute errors.
    pub(super) fn figure(self, rows: &Tensor, targets: &Tensor) -> Result<f64> {
        match self {
            Self::Classification | Self::NextToken => correct(rows, targets),
            Self::Regression | Self::Reconstruction => Ok(sum((rows - targets)?.abs()?.mean(1)?.to_vec1::<f32>()?)),
        }
    }

    /// The sum of the squared errors of a batch, each the mean over the numbers of its target.
    pub(super) fn squares(rows: &Tensor, targets: &Tensor) -> Result<f64> {
        Ok(sum((rows - targets)?.sqr()?.mean(1)?.to_vec1::<f32>()?))
    }

    /// What validation begins with.
    pub(super) fn evidence(self, train: &Dataset, keep_scores: bool) -> Evidence {
        match (self, train.targets()) {
            (Self::Reconstruction, _) => Evidence::Values(ValueEvidence::new(train.features().sample_len())),
            (_, Targets::Values { width, .. }) => Evidence::Values(ValueEvidence::new(*width)),
            (_, Targets::NextTokens { vocabulary, .. }) => Evidence::Tokens(TokenEvidence::new(vocabulary)),
            (_, Targets::Classes { class_names, .. }) => {
                Evidence::Classes(ClassEvidence::new(class_names.len(), keep_scores))
            }
        }
    }

    /// Adds a batch of outputs and targets to what validation has seen. The loss is plain, whatever smoothing is trained
    /// with.
    pub(super) fn record(evidence: &mut Evidence, rows: &Tensor, targets: &Tensor) -> Result<()> {
        let scores = rows.flatten_all()?.to_vec1::<f32>()?;
        let losses = || cross_entropy_rows(rows, targets, 0.0)?.to_vec1::<f32>();
        match evidence {
            Evidence::Classes(evidence) => evidence.add(&losses()?, &scores, &targets.to_vec1::<u32>()?),
            Evidence::Tokens(evidence) => evidence.add(&losses()?, &scores, &targets.to_vec1::<u32>()?),
            Evidence::Values(evidence) => evidence.add(&scores, &targets.flatten_all()?.to_vec1::<f32>()?),
        }
        Ok(())
    }
}

/// How many rows have their largest output at the target. A row with NaN is never correct.
fn correct(output: &Tensor, targets: &Tensor) -> Result<f64> {
    let classes = output.dim(1)?;
    let output = output.flatten_all()?.to_vec1::<f32>()?;
    let targets = targets.to_vec1::<u32>()?;
    let rows = output.chunks_exact(classes).zip(&targets);
    Ok(rows.filter(|(row, target)| answer(row) == Some(**target as usize)).count() as f64)
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
        assert!((Task::squares(&output, &targets)? - 10.0).abs() < 1e-9);
        assert!((Task::Regression.figure(&output, &targets)? - 4.0).abs() < 1e-9);
        Ok(())
    }

    #[test]
    fn mixed_targets_have_the_mean_of_their_losses() -> Result<()> {
        let rows = Tensor::new(&[[1f32, 3.0], [2.0, 0.5]], &Device::Cpu)?;
        let (one, other) = (Tensor::new(&[0u32, 1], &Device::Cpu)?, Tensor::new(&[1u32, 0], &Device::Cpu)?);
        let loss = |targets: &[(f64, Tensor)]| Task::Classification.loss(&rows, targets, 0.1)?.to_scalar::<f32>();
        let expected = 0.3 * loss(&[(1.0, one.clone())])? + 0.7 * loss(&[(1.0, other.clone())])?;
        assert!((loss(&[(0.3, one), (0.7, other)])? - expected).abs() < 1e-6);
        Ok(())
    }
}
