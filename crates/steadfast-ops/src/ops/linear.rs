//! `y = x W^T + b`.

use candle_core::{Result, Shape, Tensor, bail};

use crate::compute::{
    Gradients, Operation, Real, View, apply_three, apply_two, chunk_for_rows, column_sums, columns_of, product,
    rows_of, runs_here,
};

/// The affine map `x W^T + b` over the last dimension of `x`.
///
/// `x` is `[..., in]` with any leading dimensions, `weight` is `[out, in]`, `bias` is `[out]`; the result is
/// `[..., out]`. This is `torch.nn.functional.linear`.
pub fn linear(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
    let (out, inner) = weight.dims2()?;
    let Some((&width, leading)) = x.dims().split_last() else { bail!("linear: the input has no dimension") };
    if width != inner {
        bail!("linear: the input is {:?}, but the weight is {:?}", x.dims(), weight.dims());
    }
    if let Some(bias) = bias
        && bias.dims() != [out]
    {
        bail!("linear: the bias is {:?}, but the weight is {:?}", bias.dims(), weight.dims());
    }
    match bias {
        Some(bias) if runs_here(&[x, weight, bias]) => apply_three(LinearOp, [x, weight, bias]),
        None if runs_here(&[x, weight]) => apply_two(LinearOp, x, weight),
        _ => composed(x, weight, bias, &[leading, &[out]].concat()),
    }
}

/// The same of candle's own operations.
fn composed(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>, dims: &[usize]) -> Result<Tensor> {
    let product = x.reshape(((), weight.dim(1)?))?.matmul(&weight.t()?)?;
    match bias {
        Some(bias) => product.broadcast_add(bias)?.reshape(dims),
        None => product.reshape(dims),
    }
}

struct LinearOp;

impl LinearOp {
    fn forward<T: Real>(x: View<'_>, weight: View<'_>, bias: Option<View<'_>>) -> Result<(Vec<T>, Shape)> {
        let (rows, inner) = x.rows_and_width()?;
        let out = weight.dims()[0];
        let bias = bias.map(|bias| bias.values::<T>()).transpose()?;
        let values = product(
            rows_of(&x.values::<T>()?, rows, inner),
            columns_of(&weight.values::<T>()?, inner, out),
            bias.as_deref(),
        );
        let mut dims = x.dims().to_vec();
        if let Some(last) = dims.last_mut() {
            *last = out;
        }
        Ok((values, Shape::from(dims)))
    }

    fn input_gradient<T: Real>(x: View<'_>, weight: View<'_>, gradient: &[T]) -> Result<Vec<T>> {
        let (rows, inner) = x.rows_and_width()?;
        let out = weight.dims()[0];
        Ok(product(rows_of(gradient, rows, out), rows_of(&weight.values::<T>()?, out, inner), None))
    }

    fn weight_gradient<T: Real>(x: View<'_>, weight: View<'_>, gradient: &[T]) -> Result<Vec<T>> {
        let (rows, inner) = x.rows_and_width()?;
        let out = weight.dims()[0];
        Ok(product(columns_of(gradient, out, rows), rows_of(&x.values::<T>()?, rows, inner), None))
    }
}

impl Operation<2> for LinearOp {
    const NAME: &'static str = "linear";

    fn forward<T: Real>(&self, [x, weight]: [View<'_>; 2]) -> Result<(Vec<T>, Shape)> {
        Self::forward(x, weight, None)
    }

    fn backward<T: Real>(
        &self,
        [x, weight]: [View<'_>; 2],
        _output: View<'_>,
        gradient: View<'_>,
        [of_x, of_weight]: [bool; 2],
    ) -> Result<Gradients<T, 2>> {
        let gradient = gradient.values::<T>()?;
        Ok([
            of_x.then(|| Self::input_gradient(x, weight, &gradient)).transpose()?,
            of_weight.then(|| Self::weight_gradient(x, weight, &gradient)).transpose()?,
        ])
    }
}

impl Operation<3> for LinearOp {
    const NAME: &'static str = "linear";

    fn forward<T: Real>(&self, [x, weight, bias]: [View<'_>; 3]) -> Result<(Vec<T>, Shape)> {
        Self::forward(x, weight, Some(bias))
    }

    fn backward<T: Real>(
        &self,
        [x, weight, _]: [View<'_>; 3],
        _output: View<'_>,
        gradient: View<'_>,
        [of_x, of_weight, of_bias]: [bool; 3],
    ) -> Result<Gradients<T, 3>> {
        let gradient = gradient.values::<T>()?;
        Ok([
            of_x.then(|| Self::input_gradient(x, weight, &gradient)).transpose()?,
            of_weight.then(|| Self::weight_gradient(x, weight, &gradient)).transpose()?,
            of_bias.then(|| bias_gradient(&gradient, weight.dims()[0])),
        ])
    }
}

/// The sum of the gradient over all rows.
fn bias_gradient<T: Real>(gradient: &[T], width: usize) -> Vec<T> {
    let rows = gradient.len() / width.max(1);
    column_sums(
        rows,
        width,
        chunk_for_rows(width),
        #[inline(always)]
        |row, sums: &mut [T]| {
            for (sum, &value) in sums.iter_mut().zip(&gradient[row * width..]) {
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
    fn with_bias() {
        for shapes in [[&[5, 3][..], &[4, 3], &[4]], [&[1, 7], &[1, 7], &[1]], [&[2, 3, 9], &[33, 9], &[33]]] {
            check(&shapes, &|t| linear(&t[0], &t[1], Some(&t[2])), &|t| {
                composed(&t[0], &t[1], Some(&t[2]), &[&t[0].dims()[..t[0].rank() - 1], t[2].dims()].concat())
            });
        }
    }

    #[test]
    fn without_bias_and_large_enough_to_be_divided() {
        for shapes in [[&[6, 5][..], &[2, 5]], [&[130, 140], &[150, 140]], [&[4], &[3, 4]]] {
            check(&shapes, &|t| linear(&t[0], &t[1], None), &|t| {
                composed(&t[0], &t[1], None, &[&t[0].dims()[..t[0].rank() - 1], &[t[1].dims()[0]]].concat())
            });
        }
    }

    #[test]
    fn shapes_that_do_not_fit_are_errors() {
        let (x, weight) = (normal("x", &[2, 3]), normal("w", &[4, 3]));
        assert!(linear(&x, &normal("w", &[4, 2]), None).is_err());
        assert!(linear(&x, &weight, Some(&normal("b", &[3]))).is_err());
        assert!(linear(&normal("x", &[]), &weight, None).is_err());
    }
}
