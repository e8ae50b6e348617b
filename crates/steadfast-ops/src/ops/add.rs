//! Sums of tensors, and other shapes of one.

use candle_core::{Result, Shape, Tensor};

use crate::compute::{
    Gradients, Operation, Real, View, apply_two, chunk_for_rows, column_sums, computed, mapped_pairs, remember_alias,
    runs_here,
};

/// `x + y`: of the same shape, or with a `y` whose dimensions are the last ones of `x` and that is added to each part.
///
/// A residual connection costs nothing in the backward pass: both inputs share one gradient.
pub fn add(x: &Tensor, y: &Tensor) -> Result<Tensor> {
    let is_tail = x.dims().ends_with(y.dims()) && y.elem_count() > 0;
    if is_tail && runs_here(&[x, y]) { apply_two(AddOp, x, y) } else { x.broadcast_add(y) }
}

/// The same values in another shape.
pub fn reshape(x: &Tensor, shape: impl Into<Shape>) -> Result<Tensor> {
    let result = x.reshape(shape.into())?;
    remember_alias(&result, x);
    Ok(result)
}

/// The dimensions from `first` on as one: the step from images to rows.
pub fn flatten_from(x: &Tensor, first: usize) -> Result<Tensor> {
    let result = x.flatten_from(first)?;
    remember_alias(&result, x);
    Ok(result)
}

struct AddOp;

impl Operation<2> for AddOp {
    const NAME: &'static str = "add";

    fn forward<T: Real>(&self, [x, y]: [View<'_>; 2]) -> Result<(Vec<T>, Shape)> {
        let shape = Shape::from(x.dims());
        let (x, y) = (x.values::<T>()?, y.values::<T>()?);
        if x.len() == y.len() {
            let sums = mapped_pairs(
                &x,
                &y,
                #[inline(always)]
                |x, y| x + y,
            );
            return Ok((sums, shape));
        }
        let sums = computed(
            x.len(),
            #[inline(always)]
            |start, block: &mut [T]| {
                let (mut rest, mut index) = (block, start);
                while !rest.is_empty() {
                    let within = index % y.len();
                    let (part, next) = rest.split_at_mut((y.len() - within).min(rest.len()));
                    for ((sum, &x), &y) in part.iter_mut().zip(&x[index..]).zip(&y[within..]) {
                        *sum = x + y;
                    }
                    index += part.len();
                    rest = next;
                }
            },
        );
        Ok((sums, shape))
    }

    fn backward<T: Real>(
        &self,
        [_, y]: [View<'_>; 2],
        _output: View<'_>,
        gradient: View<'_>,
        [of_x, of_y]: [bool; 2],
    ) -> Result<Gradients<T, 2>> {
        let (width, gradient) = (y.count(), gradient.values::<T>()?);
        let rows = gradient.len() / width.max(1);
        let of_y = of_y.then(|| if rows == 1 { gradient.to_vec() } else { sum_of_rows(&gradient, width) });
        Ok([of_x.then(|| gradient.to_vec()), of_y])
    }

    fn passes_on(&self, input: View<'_>, output: &Shape) -> bool {
        input.dims() == output.dims()
    }
}

/// The sums of the columns of a matrix with rows of `width` elements.
fn sum_of_rows<T: Real>(values: &[T], width: usize) -> Vec<T> {
    let sums = column_sums(
        values.len() / width.max(1),
        width,
        chunk_for_rows(width),
        #[inline(always)]
        |row, sums: &mut [f64]| {
            for (sum, &value) in sums.iter_mut().zip(&values[row * width..]) {
                *sum += value.to_f64();
            }
        },
    );
    sums.into_iter().map(T::from_f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check;

    #[test]
    fn the_same_shape_and_tails() {
        for (x, y) in [
            (&[7][..], &[7][..]),
            (&[3, 5], &[3, 5]),
            (&[3, 5], &[5]),
            (&[2, 3, 5], &[3, 5]),
            (&[2, 3, 129], &[129]),
            (&[3, 130, 129], &[3, 130, 129]),
        ] {
            check(&[x, y], &|t| add(&t[0], &t[1]), &|t| t[0].broadcast_add(&t[1]));
        }
    }

    #[test]
    fn other_shapes() {
        check(&[&[2, 3, 4]], &|t| flatten_from(&t[0], 1), &|t| t[0].flatten_from(1));
        check(&[&[2, 3, 4]], &|t| reshape(&t[0], (6, 4)), &|t| t[0].reshape((6, 4)));
        let one = add(&crate::testing::normal("x", &[2, 3]), &crate::testing::normal("y", &[1]));
        assert!(one.is_ok(), "whatever candle can add up goes through candle");
        assert!(add(&crate::testing::normal("x", &[2, 3]), &crate::testing::normal("y", &[4])).is_err());
    }
}
