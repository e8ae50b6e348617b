//! `y = x W + b`, with the weight as GPT-2 stores it.

use candle_core::{Result, Shape, Tensor, bail};

use crate::compute::{
    Gradients, Operation, Product, Real, View, apply_three, chunk_for_rows, column_sums, columns_of,
    multiply_in_parallel, rows_of, rows_of_mut, runs_here, zeros,
};

/// The affine map `x W + b` over the last dimension of `x`.
///
/// `x` is `[..., in]` with any leading dimensions, `weight` is `[in, out]`, `bias` is `[out]`; the result is
/// `[..., out]`. This is the `Conv1D` of GPT-2: [`linear`](crate::linear) with the weight the other way round.
pub fn affine(x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    let (inner, out) = weight.dims2()?;
    if x.dims().last() != Some(&inner) || bias.dims() != [out] {
        bail!("affine: the input is {:?}, the weight {:?}, the bias {:?}", x.dims(), weight.dims(), bias.dims());
    }
    if runs_here(&[x, weight, bias]) { apply_three(AffineOp, [x, weight, bias]) } else { composed(x, weight, bias) }
}

/// The same of candle's own operations.
fn composed(x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    let (inner, out) = weight.dims2()?;
    let mut dims = x.dims().to_vec();
    if let Some(last) = dims.last_mut() {
        *last = out;
    }
    x.reshape(((), inner))?.matmul(weight)?.broadcast_add(bias)?.reshape(dims)
}

struct AffineOp;

impl Operation<3> for AffineOp {
    const NAME: &'static str = "affine";

    fn forward<T: Real>(&self, [x, weight, bias]: [View<'_>; 3]) -> Result<(Vec<T>, Shape)> {
        let (rows, inner) = x.rows_and_width()?;
        let out = weight.dims()[1];
        let mut values = bias.values::<T>()?.repeat(rows);
        multiply_in_parallel(
            rows_of_mut(&mut values, rows, out),
            Product::Add,
            rows_of(&x.values::<T>()?, rows, inner),
            rows_of(&weight.values::<T>()?, inner, out),
        );
        let mut dims = x.dims().to_vec();
        if let Some(last) = dims.last_mut() {
            *last = out;
        }
        Ok((values, Shape::from(dims)))
    }

    fn backward<T: Real>(
        &self,
        [x, weight, _]: [View<'_>; 3],
        _output: View<'_>,
        gradient: View<'_>,
        [of_x, of_weight, of_bias]: [bool; 3],
    ) -> Result<Gradients<T, 3>> {
        let (rows, inner) = x.rows_and_width()?;
        let out = weight.dims()[1];
        let (x, weight, gradient) = (x.values::<T>()?, weight.values::<T>()?, gradient.values::<T>()?);
        let of_x = of_x.then(|| {
            let mut values = zeros(rows * inner);
            let result = rows_of_mut(&mut values, rows, inner);
            let transposed = columns_of(&weight, out, inner);
            multiply_in_parallel(result, Product::Replace, rows_of(&gradient, rows, out), transposed);
            values
        });
        let of_weight = of_weight.then(|| {
            let mut values = zeros(inner * out);
            let result = rows_of_mut(&mut values, inner, out);
            let transposed = columns_of(&x, inner, rows);
            multiply_in_parallel(result, Product::Replace, transposed, rows_of(&gradient, rows, out));
            values
        });
        Ok([of_x, of_weight, of_bias.then(|| sum_of_rows(&gradient, out))])
    }
}

/// The sums of the columns of a matrix with rows of `width` numbers.
fn sum_of_rows<T: Real>(values: &[T], width: usize) -> Vec<T> {
    column_sums(
        values.len() / width.max(1),
        width,
        chunk_for_rows(width),
        #[inline(always)]
        |row, sums: &mut [T]| {
            for (sum, &value) in sums.iter_mut().zip(&values[row * width..]) {
                *sum += value;
            }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, normal};

    #[test]
    fn every_shape() {
        for shapes in [[&[5, 3][..], &[3, 4], &[4]], [&[7], &[7, 1], &[1]], [&[2, 70, 140], &[140, 150], &[150]]] {
            check(&shapes, &|t| affine(&t[0], &t[1], &t[2]), &|t| composed(&t[0], &t[1], &t[2]));
        }
    }

    #[test]
    fn shapes_that_do_not_fit_are_errors() {
        let (x, bias) = (normal("x", &[2, 3]), normal("b", &[4]));
        assert!(affine(&x, &normal("w", &[4, 3]), &bias).is_err());
        assert!(affine(&x, &normal("w", &[3, 4]), &normal("b", &[3])).is_err());
        assert!(affine(&normal("x", &[]), &normal("w", &[3, 4]), &bias).is_err());
    }
}
