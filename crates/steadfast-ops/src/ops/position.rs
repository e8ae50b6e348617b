//! Moving single positions, channels and features of a batch about.

use candle_core::{D, Result, Shape, Tensor, bail};

use crate::compute::{
    Gradients, Operation, Real, View, apply_one, apply_two, chunk_for_rows, column_sums, for_each_chunk, runs_here,
    zeros,
};

/// One position of each sample: from `[batch, T, width]` to `[batch, width]`.
pub fn take_position(x: &Tensor, position: usize) -> Result<Tensor> {
    let (_, positions, _) = x.dims3()?;
    if position >= positions {
        bail!("take_position: there is no position {position} among {positions}");
    }
    if runs_here(&[x]) { apply_one(TakeOp(position), x) } else { x.narrow(1, position, 1)?.squeeze(1) }
}

/// Puts one more position before those of each sample: `first` is `[1, 1, width]`, `x` is `[batch, T, width]`.
pub fn prepend_position(first: &Tensor, x: &Tensor) -> Result<Tensor> {
    let (batch, _, width) = x.dims3()?;
    if first.dims() != [1, 1, width] {
        bail!("prepend_position: the first position is {:?}, but the others are {:?}", first.dims(), x.dims());
    }
    if runs_here(&[first, x]) {
        apply_two(PrependOp, first, x)
    } else {
        Tensor::cat(&[&first.broadcast_as((batch, 1, width))?, x], 1)
    }
}

/// The features of two tensors side by side: the last dimension is that of `x` and then that of `y`.
pub fn concat_last(x: &Tensor, y: &Tensor) -> Result<Tensor> {
    let leading = |tensor: &Tensor| tensor.dims().split_last().map(|(_, leading)| leading.to_vec());
    if x.rank() == 0 || leading(x) != leading(y) {
        bail!("concat_last: {:?} and {:?} do not fit side by side", x.dims(), y.dims());
    }
    if runs_here(&[x, y]) { apply_two(ConcatOp, x, y) } else { Tensor::cat(&[x, y], D::Minus1) }
}

/// The planes of a batch of images as positions: from `[batch, channels, ...]` to `[batch, positions, channels]`.
pub fn channels_last(x: &Tensor) -> Result<Tensor> {
    if x.rank() < 3 {
        bail!("channels_last: the input is {:?}", x.dims());
    }
    if runs_here(&[x]) { apply_one(ChannelsLastOp, x) } else { x.flatten_from(2)?.transpose(1, 2)?.contiguous() }
}

struct TakeOp(usize);

impl Operation<1> for TakeOp {
    const NAME: &'static str = "take_position";

    fn forward<T: Real>(&self, [x]: [View<'_>; 1]) -> Result<(Vec<T>, Shape)> {
        let (batch, width) = (x.dims()[0], x.dims()[2]);
        let sample = x.dims()[1] * width;
        let x = x.values::<T>()?;
        let mut values = Vec::with_capacity(batch * width);
        for index in 0..batch {
            values.extend_from_slice(&x[index * sample + self.0 * width..][..width]);
        }
        Ok((values, Shape::from((batch, width))))
    }

    fn backward<T: Real>(
        &self,
        [x]: [View<'_>; 1],
        _output: View<'_>,
        gradient: View<'_>,
        _wanted: [bool; 1],
    ) -> Result<Gradients<T, 1>> {
        let width = x.dims()[2].max(1);
        let sample = x.dims()[1] * width;
        let gradient = gradient.values::<T>()?;
        let mut values = zeros(x.count());
        for (sample, gradient) in values.chunks_exact_mut(sample).zip(gradient.chunks_exact(width)) {
            sample[self.0 * width..][..width].copy_from_slice(gradient);
        }
        Ok([Some(values)])
    }
}

struct PrependOp;

impl Operation<2> for PrependOp {
    const NAME: &'static str = "prepend_position";

    fn forward<T: Real>(&self, [first, x]: [View<'_>; 2]) -> Result<(Vec<T>, Shape)> {
        let &[batch, positions, width] = x.dims() else { bail!("prepend_position: the input is {:?}", x.dims()) };
        let (first, x) = (first.values::<T>()?, x.values::<T>()?);
        let mut values = Vec::with_capacity(x.len() + batch * width);
        for index in 0..batch {
            values.extend_from_slice(&first);
            values.extend_from_slice(&x[index * positions * width..][..positions * width]);
        }
        Ok((values, Shape::from((batch, positions + 1, width))))
    }

    fn backward<T: Real>(
        &self,
        [first, x]: [View<'_>; 2],
        _output: View<'_>,
        gradient: View<'_>,
        [of_first, of_x]: [bool; 2],
    ) -> Result<Gradients<T, 2>> {
        let width = first.count();
        let gradient = gradient.values::<T>()?;
        let sample = (x.dims()[1] + 1) * width;
        let of_first = of_first.then(|| {
            column_sums(x.dims()[0], width, chunk_for_rows(width), |row, sums: &mut [T]| {
                for (sum, &value) in sums.iter_mut().zip(&gradient[row * sample..]) {
                    *sum += value;
                }
            })
        });
        let of_x = of_x.then(|| {
            let samples = gradient.chunks_exact(sample.max(1));
            samples.flat_map(|sample| &sample[width..]).copied().collect()
        });
        Ok([of_first, of_x])
    }
}

struct ConcatOp;

impl Operation<2> for ConcatOp {
    const NAME: &'static str = "concat_last";

    fn forward<T: Real>(&self, [x, y]: [View<'_>; 2]) -> Result<(Vec<T>, Shape)> {
        let ((rows, left), (_, right)) = (x.rows_and_width()?, y.rows_and_width()?);
        let mut dims = x.dims().to_vec();
        if let Some(last) = dims.last_mut() {
            *last = left + right;
        }
        let (x, y) = (x.values::<T>()?, y.values::<T>()?);
        let mut values = Vec::with_capacity(x.len() + y.len());
        for row in 0..rows {
            values.extend_from_slice(&x[row * left..][..left]);
            values.extend_from_slice(&y[row * right..][..right]);
        }
        Ok((values, Shape::from(dims)))
    }

    fn backward<T: Real>(
        &self,
        [x, y]: [View<'_>; 2],
        _output: View<'_>,
        gradient: View<'_>,
        [of_x, of_y]: [bool; 2],
    ) -> Result<Gradients<T, 2>> {
        let ((_, left), (_, right)) = (x.rows_and_width()?, y.rows_and_width()?);
        let gradient = gradient.values::<T>()?;
        let rows = || gradient.chunks_exact((left + right).max(1));
        let of_x = of_x.then(|| rows().flat_map(|row| &row[..left]).copied().collect());
        let of_y = of_y.then(|| rows().flat_map(|row| &row[left..]).copied().collect());
        Ok([of_x, of_y])
    }
}

struct ChannelsLastOp;

impl Operation<1> for ChannelsLastOp {
    const NAME: &'static str = "channels_last";

    fn forward<T: Real>(&self, [x]: [View<'_>; 1]) -> Result<(Vec<T>, Shape)> {
        let (batch, channels) = (x.dims()[0], x.dims()[1]);
        let positions = x.dims()[2..].iter().product();
        Ok((transposed(&x.values::<T>()?, channels, positions), Shape::from((batch, positions, channels))))
    }

    fn backward<T: Real>(
        &self,
        [x]: [View<'_>; 1],
        _output: View<'_>,
        gradient: View<'_>,
        _wanted: [bool; 1],
    ) -> Result<Gradients<T, 1>> {
        let channels = x.dims()[1];
        let positions = x.dims()[2..].iter().product();
        Ok([Some(transposed(&gradient.values::<T>()?, positions, channels))])
    }
}

/// Each matrix of `rows` x `columns`, one after another, transposed.
fn transposed<T: Real>(matrices: &[T], rows: usize, columns: usize) -> Vec<T> {
    let mut values = zeros(matrices.len());
    let matrix = (rows * columns).max(1);
    for_each_chunk(
        &mut values,
        chunk_for_rows(matrix) * matrix,
        #[inline(always)]
        |start, part| {
            for (target, source) in part.chunks_mut(matrix).zip(matrices[start..].chunks(matrix)) {
                for (column, line) in target.chunks_mut(rows).enumerate() {
                    for (value, source) in line.iter_mut().zip(source.chunks(columns)) {
                        *value = source[column];
                    }
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
    fn single_positions() {
        for (dims, position) in [([1, 1, 1], 0), ([3, 4, 5], 3), ([40, 7, 130], 2)] {
            check(&[&dims], &|t| take_position(&t[0], position), &|t| t[0].narrow(1, position, 1)?.squeeze(1));
        }
        assert!(take_position(&normal("x", &[2, 3, 4]), 3).is_err());
    }

    #[test]
    fn one_more_position() {
        for dims in [[1, 1, 1], [3, 4, 5], [40, 7, 130]] {
            check(&[&[1, 1, dims[2]], &dims], &|t| prepend_position(&t[0], &t[1]), &|t| {
                Tensor::cat(&[&t[0].broadcast_as((dims[0], 1, dims[2]))?, &t[1]], 1)
            });
        }
        assert!(prepend_position(&normal("f", &[1, 1, 3]), &normal("x", &[2, 3, 4])).is_err());
    }

    #[test]
    fn features_side_by_side() {
        for (x, y) in [(&[3][..], &[1][..]), (&[2, 3], &[2, 4]), (&[5, 40, 33], &[5, 40, 100])] {
            check(&[x, y], &|t| concat_last(&t[0], &t[1]), &|t| Tensor::cat(&[&t[0], &t[1]], D::Minus1));
        }
        assert!(concat_last(&normal("x", &[2, 3]), &normal("y", &[3, 3])).is_err());
        assert!(concat_last(&normal("x", &[]), &normal("y", &[])).is_err());
    }

    #[test]
    fn planes_as_positions() {
        for dims in [[1, 1, 1, 1], [2, 3, 4, 5], [9, 64, 14, 13]] {
            check(&[&dims], &|t| channels_last(&t[0]), &|t| t[0].flatten_from(2)?.transpose(1, 2)?.contiguous());
        }
        assert!(channels_last(&normal("x", &[2, 3])).is_err());
    }
}
