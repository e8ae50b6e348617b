//! Attention of one head of one sample: the kernels.
//!
//! Letters: T positions of queries, S positions of keys, D numbers per position.
//! Scores are computed for some query positions at a time, so that they stay in the cache and the T x S matrix never
//! exists as a whole; the backward pass computes them again.

use faer::reborrow::ReborrowMut;
use faer::{MatMut, MatRef};

use crate::compute::{Product, Real, multiply, rows_of, rows_of_mut, sum_of_pairs, vectorized};
use crate::ops::softmax::softmax_row;

/// Query positions per tile.
const TILE: usize = 64;

/// What one head reads.
#[derive(Clone, Copy)]
pub(super) struct Head<'a, T> {
    /// `[T, D]`.
    pub(super) queries: MatRef<'a, T>,
    /// `[S, D]`.
    pub(super) keys: MatRef<'a, T>,
    /// `[S, D]`.
    pub(super) values: MatRef<'a, T>,
    /// Whether position `t` sees the positions up to `t` only.
    pub(super) causal: bool,
}

/// What the backward pass of one head writes, all beginning as zeros.
pub(super) struct HeadGradients<'a, T> {
    pub(super) queries: MatMut<'a, T>,
    pub(super) keys: MatMut<'a, T>,
    pub(super) values: MatMut<'a, T>,
}

/// One tile: query positions `start..end`, which see the first `seen` keys.
struct Tile {
    start: usize,
    end: usize,
    seen: usize,
}

impl<T: Real> Head<'_, T> {
    fn tiles(&self) -> impl Iterator<Item = Tile> + use<T> {
        let (positions, keys, causal) = (self.queries.nrows(), self.keys.nrows(), self.causal);
        (0..positions).step_by(TILE).map(move |start| {
            let end = (start + TILE).min(positions);
            Tile { start, end, seen: if causal { end.min(keys) } else { keys } }
        })
    }

    fn scale(&self) -> T {
        T::from_f64(1.0 / (self.queries.ncols().max(1) as f64).sqrt())
    }

    /// Writes `softmax(Q K^T * scale) V` to `output`, `[T, D]`.
    pub(super) fn forward(&self, mut output: MatMut<'_, T>, scratch: &mut Vec<T>) {
        for tile in self.tiles() {
            let height = tile.end - tile.start;
            scratch.resize(height * tile.seen, T::ZERO);
            self.probabilities(&tile, scratch);
            let result = output.rb_mut().subrows_mut(tile.start, height);
            let values = self.values.subrows(0, tile.seen);
            multiply(result, Product::Replace, rows_of(scratch, height, tile.seen), values);
        }
    }

    /// Writes the attention weights of one tile, `[positions, seen]`.
    fn probabilities(&self, tile: &Tile, scores: &mut [T]) {
        let height = tile.end - tile.start;
        let (queries, keys) = (self.queries.subrows(tile.start, height), self.keys.subrows(0, tile.seen));
        multiply(rows_of_mut(scores, height, tile.seen), Product::Replace, queries, keys.transpose());
        let scale = self.scale();
        vectorized(
            #[inline(always)]
            || {
                for (row, scores) in scores.chunks_mut(tile.seen.max(1)).enumerate() {
                    let visible = if self.causal { (tile.start + row + 1).min(tile.seen) } else { tile.seen };
                    let (visible, hidden) = scores.split_at_mut(visible);
                    for score in visible.iter_mut() {
                        *score *= scale;
                    }
                    softmax_row(visible);
                    hidden.fill(T::ZERO);
                }
            },
        );
    }

    /// Writes the gradients, given the gradient of the output, `[T, D]`.
    pub(super) fn backward(
        &self,
        gradient: MatRef<'_, T>,
        gradients: HeadGradients<'_, T>,
        [weights, score_gradients]: [&mut Vec<T>; 2],
    ) {
        let HeadGradients { mut queries, mut keys, mut values } = gradients;
        let scale = self.scale();
        for tile in self.tiles() {
            let height = tile.end - tile.start;
            weights.resize(height * tile.seen, T::ZERO);
            score_gradients.resize(height * tile.seen, T::ZERO);
            self.probabilities(&tile, weights);
            let gradient = gradient.subrows(tile.start, height);
            let seen_values = self.values.subrows(0, tile.seen).transpose();
            multiply(rows_of_mut(score_gradients, height, tile.seen), Product::Replace, gradient, seen_values);
            softmax_gradient(weights, score_gradients, tile.seen, scale);
            let weights = rows_of(weights, height, tile.seen);
            multiply(values.rb_mut().subrows_mut(0, tile.seen), Product::Add, weights.transpose(), gradient);
            let score_gradients = rows_of(score_gradients, height, tile.seen);
            let of_queries = queries.rb_mut().subrows_mut(tile.start, height);
            multiply(of_queries, Product::Replace, score_gradients, self.keys.subrows(0, tile.seen));
            let seen_queries = self.queries.subrows(tile.start, height);
            multiply(keys.rb_mut().subrows_mut(0, tile.seen), Product::Add, score_gradients.transpose(), seen_queries);
        }
    }
}

/// Turns the gradients of the weights into those of the scores before scaling: `w * (g - sum(w * g)) * scale`.
fn softmax_gradient<T: Real>(weights: &[T], gradients: &mut [T], width: usize, scale: T) {
    vectorized(
        #[inline(always)]
        || {
            let rows = weights.chunks(width.max(1)).zip(gradients.chunks_mut(width.max(1)));
            for (weights, gradients) in rows {
                let along = sum_of_pairs(
                    weights,
                    gradients,
                    #[inline(always)]
                    |weight, gradient| weight * gradient,
                );
                for (gradient, &weight) in gradients.iter_mut().zip(weights) {
                    *gradient = weight * (*gradient - along) * scale;
                }
            }
        },
    );
}
