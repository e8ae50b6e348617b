//! Cross-entropy of class scores, with the logarithm of softmax fused into it.

use candle_core::{DType, Result, Shape, Tensor, bail};

use crate::compute::{
    Gradients, Operation, Real, Saved, View, apply_one, chunk_for_rows, for_each_chunk, for_each_chunk_pair, maximum,
    runs_here, sum_of,
};

/// The mean cross-entropy between rows of class scores and the classes they should name, as a scalar tensor.
///
/// `logits` is `[..., classes]`; `targets` holds one u32 class for each row, in any shape.
/// With `label_smoothing` e the wanted distribution is `1 - e` on the target plus `e / classes` on every class.
/// This is `torch.nn.functional.cross_entropy` with the mean of all rows.
pub fn cross_entropy(logits: &Tensor, targets: &Tensor, label_smoothing: f64) -> Result<Tensor> {
    run(logits, targets, label_smoothing, Reduction::Mean)
}

/// The cross-entropy of each row: like [`cross_entropy`] without the mean, as a tensor `[rows]`.
pub fn cross_entropy_rows(logits: &Tensor, targets: &Tensor, label_smoothing: f64) -> Result<Tensor> {
    run(logits, targets, label_smoothing, Reduction::None)
}

#[derive(Clone, Copy, PartialEq)]
enum Reduction {
    None,
    Mean,
}

fn run(logits: &Tensor, targets: &Tensor, label_smoothing: f64, reduction: Reduction) -> Result<Tensor> {
    let Some((&classes, leading)) = logits.dims().split_last() else { bail!("cross_entropy: the scores are a scalar") };
    let rows: usize = leading.iter().product();
    if targets.dtype() != DType::U32 || targets.elem_count() != rows {
        let (dtype, dims) = (targets.dtype().as_str(), targets.dims());
        bail!("cross_entropy: the scores {:?} need {rows} targets of u32, found {dtype} {dims:?}", logits.dims());
    }
    if !(0.0..=1.0).contains(&label_smoothing) {
        bail!("cross_entropy: the label smoothing is {label_smoothing}, but must lie between 0 and 1");
    }
    if rows == 0 && reduction == Reduction::Mean {
        bail!("cross_entropy: the mean of no rows");
    }
    let classes_wanted = targets.flatten_all()?.to_vec1::<u32>()?;
    if let Some(wrong) = classes_wanted.iter().find(|&&class| class as usize >= classes) {
        bail!("cross_entropy: target {wrong} is not one of {classes} classes");
    }
    if runs_here(&[logits]) {
        let saved = Saved::default();
        apply_one(CrossEntropyOp { targets: classes_wanted, label_smoothing, reduction, saved }, logits)
    } else {
        composed(&logits.reshape((rows, classes))?, &targets.flatten_all()?, label_smoothing, reduction)
    }
}

/// The same of candle's own operations.
fn composed(logits: &Tensor, targets: &Tensor, label_smoothing: f64, reduction: Reduction) -> Result<Tensor> {
    let log_softmax = candle_nn::ops::log_softmax(logits, 1)?;
    let targets = targets.to_device(logits.device())?.unsqueeze(1)?;
    let on_target = log_softmax.gather(&targets, 1)?.squeeze(1)?.affine(label_smoothing - 1.0, 0.0)?;
    let losses = (on_target - log_softmax.mean(1)?.affine(label_smoothing, 0.0)?)?;
    match reduction {
        Reduction::None => Ok(losses),
        Reduction::Mean => losses.mean_all(),
    }
}

struct CrossEntropyOp {
    targets: Vec<u32>,
    label_smoothing: f64,
    reduction: Reduction,
    /// For each row its greatest score, and the logarithm of the sum of the exponentials of the scores less that one.
    /// Two numbers rather than their sum, because a large score would swallow the last bits of the logarithm.
    saved: Saved,
}

impl Operation<1> for CrossEntropyOp {
    const NAME: &'static str = "cross_entropy";

    fn forward<T: Real>(&self, [logits]: [View<'_>; 1]) -> Result<(Vec<T>, Shape)> {
        let (rows, classes) = logits.rows_and_width()?;
        let logits = logits.values::<T>()?;
        let mut losses = vec![T::ZERO; rows];
        let mut row_scales = vec![T::ZERO; 2 * rows];
        let rows_per_task = chunk_for_rows(classes);
        let smoothing = T::from_f64(self.label_smoothing);
        let count = T::from_f64(classes as f64);
        for_each_chunk_pair(
            (&mut losses, rows_per_task),
            (&mut row_scales, 2 * rows_per_task),
            #[inline(always)]
            |task, losses, row_scales| {
                for (offset, (loss, row_scale)) in losses.iter_mut().zip(row_scales.chunks_mut(2)).enumerate() {
                    let row = task * rows_per_task + offset;
                    let scores = &logits[row * classes..(row + 1) * classes];
                    let greatest = maximum(scores);
                    let total = sum_of(
                        scores,
                        #[inline(always)]
                        |score| (score - greatest).exponential(),
                    );
                    let log_total = total.logarithm();
                    row_scale.copy_from_slice(&[greatest, log_total]);
                    let on_target = log_total - (scores[self.targets[row] as usize] - greatest);
                    *loss = on_target;
                    if self.label_smoothing > 0.0 {
                        let on_all = log_total
                            - sum_of(
                                scores,
                                #[inline(always)]
                                |score| score - greatest,
                            ) / count;
                        *loss = (T::ONE - smoothing) * on_target + smoothing * on_all;
                    }
                }
            },
        );
        self.saved.keep(row_scales);
        match self.reduction {
            Reduction::None => Ok((losses, Shape::from(rows))),
            Reduction::Mean => {
                // Few and already reduced: one thread, in order, in f64.
                let total: f64 = losses.iter().map(|loss| loss.to_f64()).sum();
                Ok((vec![T::from_f64(total / rows as f64)], Shape::from(())))
            }
        }
    }

    fn backward<T: Real>(
        &self,
        [logits]: [View<'_>; 1],
        _output: View<'_>,
        gradient: View<'_>,
        _wanted: [bool; 1],
    ) -> Result<Gradients<T, 1>> {
        let (rows, classes) = logits.rows_and_width()?;
        let row_scales = self.saved.get::<T>()?;
        let gradient = gradient.values::<T>()?;
        let mean = T::from_f64(1.0 / rows.max(1) as f64);
        let on_all = T::from_f64(self.label_smoothing / classes.max(1) as f64);
        let on_target = T::from_f64(1.0 - self.label_smoothing);
        let mut values = logits.values::<T>()?.into_owned();
        let rows_per_task = chunk_for_rows(classes);
        for_each_chunk(
            &mut values,
            rows_per_task * classes,
            #[inline(always)]
            |start, chunk| {
                for (offset, row_values) in chunk.chunks_mut(classes.max(1)).enumerate() {
                    let row = start / classes.max(1) + offset;
                    let factor = match self.reduction {
                        Reduction::None => gradient[row],
                        Reduction::Mean => gradient[0] * mean,
                    };
                    let (greatest, log_total) = (row_scales[2 * row], row_scales[2 * row + 1]);
                    for value in row_values.iter_mut() {
                        *value = ((*value - greatest - log_total).exponential() - on_all) * factor;
                    }
                    row_values[self.targets[row] as usize] -= on_target * factor;
                }
            },
        );
        Ok([Some(values)])
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::testing::{check, flat, normal};

    fn targets(rows: usize, classes: usize) -> Tensor {
        let targets: Vec<u32> = (0..rows).map(|row| u32::try_from((row * 7 + 3) % classes).unwrap()).collect();
        Tensor::new(targets, &Device::Cpu).unwrap()
    }

    #[test]
    fn every_size_with_and_without_smoothing() {
        for (dims, smoothing) in
            [(&[1, 2][..], 0.0), (&[5, 3], 0.1), (&[2, 3, 7], 0.0), (&[3000, 11], 0.3), (&[4, 1], 1.0)]
        {
            let (rows, classes) = (dims[..dims.len() - 1].iter().product(), dims[dims.len() - 1]);
            let targets = targets(rows, classes);
            for reduction in [Reduction::Mean, Reduction::None] {
                check(&[dims], &|t| run(&t[0], &targets, smoothing, reduction), &|t| {
                    composed(&t[0].reshape((rows, classes))?, &targets, smoothing, reduction)
                });
            }
        }
    }

    #[test]
    fn large_scores_do_not_overflow() -> Result<()> {
        let logits = Tensor::new(&[[1e4_f32, 0.0], [-1e4, 1e4]], &Device::Cpu)?;
        let losses = cross_entropy_rows(&logits, &Tensor::new(&[0_u32, 0], &Device::Cpu)?, 0.0)?;
        assert_eq!(flat(&losses), [0.0, 2e4]);
        Ok(())
    }

    #[test]
    fn targets_that_do_not_fit_are_errors() {
        let logits = normal("scores", &[2, 3]);
        let loss = |targets: &Tensor| cross_entropy(&logits, targets, 0.0);
        let error = loss(&Tensor::new(&[0_u32, 3], &Device::Cpu).unwrap()).unwrap_err().to_string();
        assert!(error.contains("target 3 is not one of 3 classes"), "{error}");
        assert!(loss(&Tensor::new(&[0_u32], &Device::Cpu).unwrap()).is_err());
        assert!(loss(&Tensor::new(&[0_i64, 1], &Device::Cpu).unwrap()).is_err());
        assert!(cross_entropy(&logits, &targets(2, 3), 1.5).is_err());
    }
}
