//! Softmax over the last dimension.

use candle_core::{Result, Shape, Tensor};

use crate::compute::{
    Gradients, Operation, Real, View, apply_one, chunk_for_rows, for_each_chunk, maximum, runs_here, sum,
};

/// `exp(x) / sum(exp(x))` over the last dimension.
///
/// Unlike `candle_nn::ops::softmax_last_dim` it has a gradient.
pub fn softmax_last_dim(x: &Tensor) -> Result<Tensor> {
    if runs_here(&[x]) { apply_one(SoftmaxOp, x) } else { candle_nn::ops::softmax(x, candle_core::D::Minus1) }
}

/// Turns a row of scores into probabilities; returns their greatest and the logarithm of the sum of the exponentials of
/// the scores less that.
#[inline(always)]
pub(super) fn softmax_row<T: Real>(row: &mut [T]) -> [T; 2] {
    let greatest = maximum(row);
    for value in row.iter_mut() {
        *value = (*value - greatest).exponential();
    }
    let total = sum(row);
    let factor = T::ONE / total;
    for value in row.iter_mut() {
        *value *= factor;
    }
    [greatest, total.logarithm()]
}

struct SoftmaxOp;

impl Operation<1> for SoftmaxOp {
    const NAME: &'static str = "softmax_last_dim";

    fn forward<T: Real>(&self, [x]: [View<'_>; 1]) -> Result<(Vec<T>, Shape)> {
        let (_, width) = x.rows_and_width()?;
        let mut values = x.values::<T>()?.into_owned();
        for_each_chunk(
            &mut values,
            chunk_for_rows(width) * width,
            #[inline(always)]
            |_, rows| {
                for row in rows.chunks_mut(width) {
                    softmax_row(row);
                }
            },
        );
        Ok((values, Shape::from(x.dims())))
    }

    fn backward<T: Real>(
        &self,
        [x]: [View<'_>; 1],
        output: View<'_>,
        gradient: View<'_>,
        _wanted: [bool; 1],
    ) -> Result<Gradients<T, 1>> {
        let (_, width) = x.rows_and_width()?;
        let output = output.values::<T>()?;
        let mut values = gradient.values::<T>()?.into_owned();
        for_each_chunk(
            &mut values,
            chunk_for_rows(width) * width,
            #[inline(always)]
            |start, rows| {
                for (row, output) in rows.chunks_mut(width).zip(output[start..].chunks(width)) {
                    for (value, &output) in row.iter_mut().zip(output) {
                        *value *= output;
                    }
                    let total = sum(row);
                    for (value, &output) in row.iter_mut().zip(output) {
                        *value -= output * total;
                    }
                }
            },
        );
        Ok([Some(values)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check;

    #[test]
    fn every_size() {
        for dims in [&[1][..], &[5], &[3, 4, 7], &[300, 129], &[2, 20_000]] {
            check(&[dims], &|t| softmax_last_dim(&t[0]), &|t| candle_nn::ops::softmax(&t[0], candle_core::D::Minus1));
        }
    }

    #[test]
    fn large_scores_and_no_rows() -> Result<()> {
        let x = Tensor::new(&[[1e4_f32, 0.0], [-1e4, -1e4]], &candle_core::Device::Cpu)?;
        assert_eq!(softmax_last_dim(&x)?.to_vec2::<f32>()?, [[1.0, 0.0], [0.5, 0.5]]);
        assert_eq!(softmax_last_dim(&x.narrow(0, 0, 0)?)?.dims(), [0, 2]);
        Ok(())
    }
}
