//! Layer normalization over the last dimension.

use candle_core::{D, Result, Shape, Tensor, bail};

use crate::compute::{
    Gradients, Operation, Real, Saved, View, apply_three, chunk_for_rows, column_sums, for_each_chunk_pair, runs_here,
    sum, sum_of, sum_of_pairs,
};

/// `(x - mean) / sqrt(variance + epsilon) * weight + bias` with mean and variance of the last dimension.
///
/// `x` is `[..., width]`, `weight` and `bias` are `[width]`. This is `torch.nn.functional.layer_norm`, and unlike
/// `candle_nn::LayerNorm` it has a gradient.
pub fn layer_norm(x: &Tensor, weight: &Tensor, bias: &Tensor, epsilon: f64) -> Result<Tensor> {
    let width = x.dim(D::Minus1)?;
    if weight.dims() != [width] || bias.dims() != [width] {
        bail!("layer_norm: the input is {:?}, the weight {:?}, the bias {:?}", x.dims(), weight.dims(), bias.dims());
    }
    if runs_here(&[x, weight, bias]) {
        apply_three(LayerNormOp { epsilon, saved: Saved::default() }, [x, weight, bias])
    } else {
        composed(x, weight, bias, epsilon)
    }
}

/// The same of candle's own operations.
fn composed(x: &Tensor, weight: &Tensor, bias: &Tensor, epsilon: f64) -> Result<Tensor> {
    let centered = x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?;
    let variance = centered.sqr()?.mean_keepdim(D::Minus1)?;
    centered.broadcast_div(&variance.affine(1.0, epsilon)?.sqrt()?)?.broadcast_mul(weight)?.broadcast_add(bias)
}

struct LayerNormOp {
    epsilon: f64,
    /// For each row its mean, and one over its deviation.
    saved: Saved,
}

impl Operation<3> for LayerNormOp {
    const NAME: &'static str = "layer_norm";

    fn forward<T: Real>(&self, [x, weight, bias]: [View<'_>; 3]) -> Result<(Vec<T>, Shape)> {
        let (rows, width) = x.rows_and_width()?;
        let (weight, bias) = (weight.values::<T>()?, bias.values::<T>()?);
        let mut values = x.values::<T>()?.into_owned();
        let mut scales = vec![T::ZERO; 2 * rows];
        let (count, epsilon) = (T::from_f64(width as f64), T::from_f64(self.epsilon));
        let task = chunk_for_rows(width);
        for_each_chunk_pair(
            (&mut values, task * width),
            (&mut scales, task * 2),
            #[inline(always)]
            |_, rows, scales| {
                for (row, scale) in rows.chunks_mut(width).zip(scales.chunks_mut(2)) {
                    let mean = sum(row) / count;
                    let variance = sum_of(
                        row,
                        #[inline(always)]
                        |value| (value - mean) * (value - mean),
                    ) / count;
                    let inverse = T::ONE / (variance + epsilon).square_root();
                    for ((value, &weight), &bias) in row.iter_mut().zip(&*weight).zip(&*bias) {
                        *value = (*value - mean) * inverse * weight + bias;
                    }
                    scale.copy_from_slice(&[mean, inverse]);
                }
            },
        );
        self.saved.keep(scales);
        Ok((values, Shape::from(x.dims())))
    }

    fn backward<T: Real>(
        &self,
        [x, weight, _]: [View<'_>; 3],
        _output: View<'_>,
        gradient: View<'_>,
        [of_x, of_weight, of_bias]: [bool; 3],
    ) -> Result<Gradients<T, 3>> {
        let (rows, width) = x.rows_and_width()?;
        let (x, weight, gradient) = (x.values::<T>()?, weight.values::<T>()?, gradient.values::<T>()?);
        let scales = self.saved.get::<T>()?;
        let of_x = of_x.then(|| input_gradient(&x, &weight, &gradient, scales));
        if !of_weight && !of_bias {
            return Ok([of_x, None, None]);
        }
        let mut sums = column_sums(
            rows,
            2 * width,
            chunk_for_rows(width),
            #[inline(always)]
            |row, sums: &mut [T]| {
                let (weights, biases) = sums.split_at_mut(width);
                let (mean, inverse) = (scales[2 * row], scales[2 * row + 1]);
                let inputs = x[row * width..].iter().zip(&gradient[row * width..]);
                for ((weight, bias), (&x, &gradient)) in weights.iter_mut().zip(biases).zip(inputs) {
                    *weight += gradient * ((x - mean) * inverse);
                    *bias += gradient;
                }
            },
        );
        let biases = sums.split_off(width);
        Ok([of_x, of_weight.then_some(sums), of_bias.then_some(biases)])
    }
}

fn input_gradient<T: Real>(x: &[T], weight: &[T], gradient: &[T], scales: &[T]) -> Vec<T> {
    let width = weight.len();
    let count = T::from_f64(width as f64);
    let mut values = gradient.to_vec();
    let mut scales = scales.to_vec();
    let task = chunk_for_rows(width);
    let rows = (values.as_mut_slice(), task * width);
    for_each_chunk_pair(
        rows,
        (&mut scales, task * 2),
        #[inline(always)]
        |index, rows, scales| {
            let inputs = x[index * task * width..].chunks(width);
            for ((row, x), scale) in rows.chunks_mut(width).zip(inputs).zip(scales.chunks(2)) {
                let (mean, inverse) = (scale[0], scale[1]);
                for (value, &weight) in row.iter_mut().zip(weight) {
                    *value *= weight;
                }
                let total = sum(row) / count;
                let along = sum_of_pairs(
                    row,
                    x,
                    #[inline(always)]
                    |value, x| value * (x - mean),
                );
                let along = along * inverse * inverse / count;
                for (value, &x) in row.iter_mut().zip(x) {
                    *value = inverse * (*value - total - (x - mean) * along);
                }
            }
        },
    );
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, normal};

    #[test]
    fn every_size() {
        for dims in [&[7][..], &[1, 2], &[3, 4, 33], &[300, 128]] {
            let width = &dims[dims.len() - 1..];
            check(&[dims, width, width], &|t| layer_norm(&t[0], &t[1], &t[2], 1e-5), &|t| {
                composed(&t[0], &t[1], &t[2], 1e-5)
            });
        }
    }

    #[test]
    fn shapes_that_do_not_fit_are_errors() {
        let (x, weight) = (normal("x", &[2, 3]), normal("w", &[3]));
        assert!(layer_norm(&x, &weight, &normal("b", &[2]), 1e-5).is_err());
        assert!(layer_norm(&normal("x", &[]), &weight, &weight, 1e-5).is_err());
    }
}
