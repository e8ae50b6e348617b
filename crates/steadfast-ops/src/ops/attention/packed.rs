//! Self-attention of queries, keys and values that one linear map has made side by side.

use candle_core::{Result, Shape, Tensor, bail};
use faer::{MatMut, MatRef};
use rayon::prelude::*;

use super::heads::{Head, HeadGradients};
use super::separate;
use crate::compute::{Gradients, Operation, Real, Saved, View, apply_one, rows_of, rows_of_mut, runs_here, zeros};

/// Attention weights are kept from the forward to the backward pass up to so many positions; beyond, their number, which
/// grows with the square, would take more memory than it is worth.
const KEPT_POSITIONS: usize = 256;

/// Self-attention with `heads` heads of `projected`, `[batch, T, 3 * width]`; the result is `[batch, T, width]`.
///
/// The last dimension holds queries, keys and values one after another, each divided among the heads: the layout of
/// GPT-2's `c_attn` and of `torch.nn.MultiheadAttention`'s `in_proj`. Reading and writing it in place saves the
/// transpositions that [`attention`](super::attention) needs before and after.
pub fn self_attention(projected: &Tensor, heads: usize, causal: bool) -> Result<Tensor> {
    let (batch, positions, threefold) = projected.dims3()?;
    if heads == 0 || threefold % (3 * heads) != 0 || threefold == 0 {
        bail!("self_attention: {threefold} numbers do not divide into three times {heads} heads");
    }
    if runs_here(&[projected]) {
        let sizes = Sizes { batch, positions, heads, width: threefold / 3 };
        apply_one(SelfAttentionOp { sizes, causal, weights: Saved::default() }, projected)
    } else {
        composed(projected, heads, causal)
    }
}

/// The same of candle's own operations.
fn composed(projected: &Tensor, heads: usize, causal: bool) -> Result<Tensor> {
    let (batch, positions, threefold) = projected.dims3()?;
    let split = projected.reshape((batch, positions, 3, heads, threefold / 3 / heads))?.permute((2, 0, 3, 1, 4))?;
    let (queries, keys, values) = (split.get(0)?, split.get(1)?, split.get(2)?);
    let output = separate::composed([&queries, &keys, &values], causal)?;
    output.transpose(1, 2)?.reshape((batch, positions, threefold / 3))
}

#[derive(Clone, Copy)]
struct Sizes {
    batch: usize,
    positions: usize,
    heads: usize,
    width: usize,
}

impl Sizes {
    /// Numbers per position and head.
    const fn head_width(&self) -> usize {
        self.width / self.heads
    }

    /// Queries, keys and values of one head, from those of one sample, `[T, 3 * width]`.
    fn head<'a, T: Real>(&self, sample: MatRef<'a, T>, head: usize, causal: bool) -> Head<'a, T> {
        let part = |index: usize| sample.subcols(index * self.width + head * self.head_width(), self.head_width());
        Head { queries: part(0), keys: part(1), values: part(2), causal }
    }
}

struct SelfAttentionOp {
    sizes: Sizes,
    causal: bool,
    /// The attention weights of all heads one after another, if there are at most [`KEPT_POSITIONS`] positions.
    weights: Saved,
}

impl SelfAttentionOp {
    /// How many attention weights of each head are kept.
    fn kept<T: Real>(&self, projected: &[T]) -> Option<usize> {
        let Sizes { batch, positions, heads, width } = self.sizes;
        if positions > KEPT_POSITIONS || batch * heads * positions == 0 {
            return None;
        }
        Some(self.sizes.head(sample_of(projected, 0, positions, 3 * width), 0, self.causal).weight_count())
    }
}

impl Operation<1> for SelfAttentionOp {
    const NAME: &'static str = "self_attention";

    fn forward<T: Real>(&self, [projected]: [View<'_>; 1]) -> Result<(Vec<T>, Shape)> {
        let Sizes { batch, positions, heads, width } = self.sizes;
        let projected = projected.values::<T>()?;
        let mut output = zeros(batch * positions * width);
        let each = self.kept(&projected);
        let mut weights = zeros(batch * heads * each.unwrap_or(0));
        let mut kept = weights.chunks_exact_mut(each.unwrap_or(1));
        let mut tasks = Vec::with_capacity(batch * heads);
        for (sample, output) in output.chunks_exact_mut((positions * width).max(1)).enumerate() {
            let blocks = column_blocks(rows_of_mut(output, positions, width), self.sizes.head_width());
            tasks.extend(blocks.into_iter().enumerate().map(|(head, output)| (sample, head, output, kept.next())));
        }
        tasks.into_par_iter().for_each_init(Vec::new, |scratch, (sample, head, output, kept)| {
            let sample = sample_of(&projected, sample, positions, 3 * width);
            self.sizes.head(sample, head, self.causal).forward(output, scratch, kept);
        });
        if each.is_some() {
            self.weights.keep(weights);
        }
        Ok((output, Shape::from((batch, positions, width))))
    }

    fn backward<T: Real>(
        &self,
        [projected]: [View<'_>; 1],
        _output: View<'_>,
        gradient: View<'_>,
        _wanted: [bool; 1],
    ) -> Result<Gradients<T, 1>> {
        let Sizes { positions, heads, width, .. } = self.sizes;
        let (projected, gradient) = (projected.values::<T>()?, gradient.values::<T>()?);
        let mut values = zeros(projected.len());
        let kept = match self.kept(&projected) {
            Some(each) => Some((self.weights.get::<T>()?, each)),
            None => None,
        };
        let mut tasks = Vec::new();
        for (sample, values) in values.chunks_exact_mut((positions * 3 * width).max(1)).enumerate() {
            let mut blocks = column_blocks(rows_of_mut(values, positions, 3 * width), self.sizes.head_width());
            let (of_values, of_keys) = (blocks.split_off(2 * heads), blocks.split_off(heads));
            let parts = blocks.into_iter().zip(of_keys).zip(of_values).enumerate();
            tasks.extend(
                parts.map(|(head, ((queries, keys), values))| (sample, head, HeadGradients { queries, keys, values })),
            );
        }
        tasks.into_par_iter().for_each_init(
            || (Vec::new(), Vec::new()),
            |(first, second), (sample, head, gradients)| {
                let input = sample_of(&projected, sample, positions, 3 * width);
                let gradient = sample_of(&gradient, sample, positions, width);
                let gradient = gradient.subcols(head * self.sizes.head_width(), self.sizes.head_width());
                let kept = kept.map(|(weights, each)| &weights[(sample * heads + head) * each..][..each]);
                self.sizes.head(input, head, self.causal).backward(gradient, gradients, [first, second], kept);
            },
        );
        Ok([Some(values)])
    }
}

fn sample_of<T>(values: &[T], sample: usize, positions: usize, width: usize) -> MatRef<'_, T> {
    rows_of(&values[sample * positions * width..(sample + 1) * positions * width], positions, width)
}

/// Cuts a matrix into blocks of `width` columns.
fn column_blocks<T>(matrix: MatMut<'_, T>, width: usize) -> Vec<MatMut<'_, T>> {
    let (mut blocks, mut rest) = (Vec::new(), matrix);
    while rest.ncols() > 0 {
        let (block, beside) = rest.split_at_col_mut(width);
        blocks.push(block);
        rest = beside;
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, normal};

    #[test]
    fn every_shape() {
        for (dims, heads, causal) in [
            ([1, 1, 3], 1, true),
            ([2, 5, 24], 2, true),
            ([2, 6, 30], 5, false),
            ([1, 130, 24], 4, true),
            ([1, 258, 6], 1, true),
        ] {
            check(&[&dims], &|t| self_attention(&t[0], heads, causal), &|t| composed(&t[0], heads, causal));
        }
    }

    #[test]
    fn widths_that_do_not_divide_are_errors() {
        assert!(self_attention(&normal("x", &[1, 2, 24]), 5, true).is_err());
        assert!(self_attention(&normal("x", &[1, 2, 24]), 0, true).is_err());
    }
}
