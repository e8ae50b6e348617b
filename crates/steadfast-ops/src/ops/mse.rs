//! Mean squared error.

use candle_core::{Result, Shape, Tensor, bail};

use crate::compute::{CHUNK, Gradients, Operation, Real, View, apply_two, map_in_order, mapped_pairs, runs_here};

/// The mean of `(prediction - target)^2` over all elements, as a scalar tensor.
///
/// Both have the same shape. This is `torch.nn.functional.mse_loss`.
pub fn mse(prediction: &Tensor, target: &Tensor) -> Result<Tensor> {
    if prediction.dims() != target.dims() {
        bail!("mse: the prediction is {:?}, but the target is {:?}", prediction.dims(), target.dims());
    }
    if prediction.elem_count() == 0 {
        bail!("mse: the mean of no elements");
    }
    if runs_here(&[prediction, target]) {
        apply_two(MseOp, prediction, target)
    } else {
        prediction.sub(target)?.sqr()?.mean_all()
    }
}

struct MseOp;

impl Operation<2> for MseOp {
    const NAME: &'static str = "mse";

    fn forward<T: Real>(&self, [prediction, target]: [View<'_>; 2]) -> Result<(Vec<T>, Shape)> {
        let (prediction, target) = (prediction.values::<T>()?, target.values::<T>()?);
        let parts = map_in_order(
            prediction.len().div_ceil(CHUNK),
            #[inline(always)]
            |chunk| {
                let range = chunk * CHUNK..((chunk + 1) * CHUNK).min(prediction.len());
                prediction[range.clone()].iter().zip(&target[range]).fold(0.0, |sum, (&prediction, &target)| {
                    let difference = (prediction - target).to_f64();
                    sum + difference * difference
                })
            },
        );
        let mean = parts.into_iter().sum::<f64>() / prediction.len() as f64;
        Ok((vec![T::from_f64(mean)], Shape::from(())))
    }

    fn backward<T: Real>(
        &self,
        [prediction, target]: [View<'_>; 2],
        _output: View<'_>,
        gradient: View<'_>,
        [of_prediction, of_target]: [bool; 2],
    ) -> Result<Gradients<T, 2>> {
        let factor = T::from_f64(2.0 / prediction.count() as f64) * gradient.values::<T>()?[0];
        let toward = |from: View<'_>, to: View<'_>| -> Result<Vec<T>> {
            let (from, to) = (from.values::<T>()?, to.values::<T>()?);
            Ok(mapped_pairs(
                &from,
                &to,
                #[inline(always)]
                |from, to| (from - to) * factor,
            ))
        };
        Ok([
            of_prediction.then(|| toward(prediction, target)).transpose()?,
            of_target.then(|| toward(target, prediction)).transpose()?,
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, normal};

    #[test]
    fn every_size() {
        for dims in [&[1][..], &[7, 3], &[40_000]] {
            check(&[dims, dims], &|t| mse(&t[0], &t[1]), &|t| t[0].sub(&t[1])?.sqr()?.mean_all());
        }
    }

    #[test]
    fn shapes_that_differ_are_errors() {
        assert!(mse(&normal("a", &[2, 3]), &normal("b", &[3, 2])).is_err());
        assert!(mse(&normal("a", &[0]), &normal("b", &[0])).is_err());
    }
}
