//! Attention of separate queries, keys and values.

use candle_core::{D, Result, Shape, Tensor, bail};
use rayon::prelude::*;

use super::heads::{Head, HeadGradients};
use crate::compute::{Gradients, Operation, Real, View, apply_three, rows_of, rows_of_mut, runs_here, zeros};

/// `softmax(Q K^T / sqrt(D)) V` for every head of every sample.
///
/// `queries` is `[batch, heads, T, D]`, `keys` and `values` are `[batch, heads, S, D]`; the result has the shape of the
/// queries. With `causal`, position `t` sees the keys up to `t` only.
/// This is `torch.nn.functional.scaled_dot_product_attention` without dropout.
pub fn attention(queries: &Tensor, keys: &Tensor, values: &Tensor, causal: bool) -> Result<Tensor> {
    let (batch, heads, _, width) = queries.dims4()?;
    let (key_batch, key_heads, _, key_width) = keys.dims4()?;
    if keys.dims() != values.dims() || (batch, heads, width) != (key_batch, key_heads, key_width) {
        let (queries, keys, values) = (queries.dims(), keys.dims(), values.dims());
        bail!("attention: the queries are {queries:?}, the keys {keys:?}, the values {values:?}");
    }
    if keys.dim(2)? == 0 {
        bail!("attention: there are no keys");
    }
    if runs_here(&[queries, keys, values]) {
        apply_three(AttentionOp { causal }, [queries, keys, values])
    } else {
        composed([queries, keys, values], causal)
    }
}

/// The same of candle's own operations.
pub(super) fn composed([queries, keys, values]: [&Tensor; 3], causal: bool) -> Result<Tensor> {
    let scale = 1.0 / (queries.dim(D::Minus1)? as f64).sqrt();
    let mut scores = queries.contiguous()?.matmul(&keys.t()?.contiguous()?)?.affine(scale, 0.0)?;
    if causal {
        let (positions, seen) = (scores.dim(2)?, scores.dim(3)?);
        let hidden: Vec<f32> = (0..positions)
            .flat_map(|position| (0..seen).map(move |key| if key > position { f32::NEG_INFINITY } else { 0.0 }))
            .collect();
        let hidden = Tensor::from_vec(hidden, (positions, seen), scores.device())?.to_dtype(scores.dtype())?;
        scores = scores.broadcast_add(&hidden)?;
    }
    candle_nn::ops::softmax(&scores, D::Minus1)?.matmul(&values.contiguous()?)
}

struct AttentionOp {
    causal: bool,
}

/// The sizes of one head.
struct Sizes {
    positions: usize,
    keys: usize,
    width: usize,
}

impl Sizes {
    fn of(queries: View<'_>, keys: View<'_>) -> Self {
        Self { positions: queries.dims()[2], keys: keys.dims()[2], width: queries.dims()[3] }
    }

    const fn query_block(&self) -> usize {
        let size = self.positions * self.width;
        if size == 0 { 1 } else { size }
    }

    const fn key_block(&self) -> usize {
        let size = self.keys * self.width;
        if size == 0 { 1 } else { size }
    }

    fn head<'a, T: Real>(&self, index: usize, [queries, keys, values]: [&'a [T]; 3], causal: bool) -> Head<'a, T> {
        let keys_at = index * self.key_block()..(index + 1) * self.key_block();
        Head {
            queries: rows_of(
                &queries[index * self.query_block()..(index + 1) * self.query_block()],
                self.positions,
                self.width,
            ),
            keys: rows_of(&keys[keys_at.clone()], self.keys, self.width),
            values: rows_of(&values[keys_at], self.keys, self.width),
            causal,
        }
    }
}

impl Operation<3> for AttentionOp {
    const NAME: &'static str = "attention";

    fn forward<T: Real>(&self, [queries, keys, values]: [View<'_>; 3]) -> Result<(Vec<T>, Shape)> {
        let (sizes, shape) = (Sizes::of(queries, keys), Shape::from(queries.dims()));
        let (queries, keys, values) = (queries.values::<T>()?, keys.values::<T>()?, values.values::<T>()?);
        let mut output = zeros(queries.len());
        output.par_chunks_mut(sizes.query_block()).enumerate().for_each_init(Vec::new, |scratch, (index, output)| {
            let head = sizes.head(index, [&queries, &keys, &values], self.causal);
            head.forward(rows_of_mut(output, sizes.positions, sizes.width), scratch, None);
        });
        Ok((output, shape))
    }

    fn backward<T: Real>(
        &self,
        [queries, keys, values]: [View<'_>; 3],
        _output: View<'_>,
        gradient: View<'_>,
        wanted: [bool; 3],
    ) -> Result<Gradients<T, 3>> {
        let sizes = Sizes::of(queries, keys);
        let (queries, keys, values) = (queries.values::<T>()?, keys.values::<T>()?, values.values::<T>()?);
        let gradient = gradient.values::<T>()?;
        let mut gradients = [zeros(queries.len()), zeros(keys.len()), zeros(values.len())];
        let [of_queries, of_keys, of_values] = &mut gradients;
        of_queries
            .par_chunks_mut(sizes.query_block())
            .zip(of_keys.par_chunks_mut(sizes.key_block()))
            .zip(of_values.par_chunks_mut(sizes.key_block()))
            .enumerate()
            .for_each_init(
                || (Vec::new(), Vec::new()),
                |(first, second), (index, ((of_queries, of_keys), of_values))| {
                    let head = sizes.head(index, [&queries, &keys, &values], self.causal);
                    let block = index * sizes.query_block()..(index + 1) * sizes.query_block();
                    let gradients = HeadGradients {
                        queries: rows_of_mut(of_queries, sizes.positions, sizes.width),
                        keys: rows_of_mut(of_keys, sizes.keys, sizes.width),
                        values: rows_of_mut(of_values, sizes.keys, sizes.width),
                    };
                    let gradient = rows_of(&gradient[block], sizes.positions, sizes.width);
                    head.backward(gradient, gradients, [first, second], None);
                },
            );
        let mut wanted = wanted.into_iter();
        Ok(gradients.map(|gradient| wanted.next().unwrap_or(false).then_some(gradient)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, normal};

    fn check_attention(queries: [usize; 4], keys: usize, causal: bool) {
        let [batch, heads, _, width] = queries;
        let keys = [batch, heads, keys, width];
        check(&[&queries, &keys, &keys], &|t| attention(&t[0], &t[1], &t[2], causal), &|t| {
            composed([&t[0], &t[1], &t[2]], causal)
        });
    }

    #[test]
    fn causal() {
        check_attention([1, 1, 1, 3], 1, true);
        check_attention([2, 3, 5, 4], 5, true);
        check_attention([1, 2, 130, 8], 130, true);
        check_attention([2, 1, 7, 5], 3, true);
    }

    #[test]
    fn of_everything() {
        check_attention([2, 2, 5, 4], 7, false);
        check_attention([1, 2, 70, 3], 66, false);
    }

    #[test]
    fn shapes_that_do_not_fit_are_errors() {
        let (queries, keys) = (normal("q", &[1, 2, 3, 4]), normal("k", &[1, 2, 3, 4]));
        assert!(attention(&queries, &keys, &normal("v", &[1, 2, 2, 4]), true).is_err());
        assert!(attention(&normal("q", &[1, 1, 3, 4]), &keys, &keys, true).is_err());
        let none = normal("k", &[1, 2, 0, 4]);
        assert!(attention(&queries, &none, &none, false).is_err());
    }
}
