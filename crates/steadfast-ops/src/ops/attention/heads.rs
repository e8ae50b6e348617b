//! Attention of one head of one sample: the kernels.
//!
//! Letters: T positions of queries, S positions of keys, D numbers per position.
//! Scores are computed for some query positions at a time, so that they stay in the cache. The attention weights that
//! come of them are kept for the backward pass where they are few; else the T x S matrix never exists as a whole, and
//! the backward pass computes it again, with the same bits.

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

impl Tile {
    /// Attention weights of it.
    const fn len(&self) -> usize {
        (self.end - self.start) * self.seen
    }
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

    /// How many attention weights there are, those of all tiles together.
    pub(super) fn weight_count(&self) -> usize {
        self.tiles().map(|tile| tile.len()).sum()
    }

    /// Writes `softmax(Q K^T * scale) V` to `output`, `[T, D]`, and the attention weights to `kept`, if they are to be
    /// kept: [`Head::weight_count`] of them, one tile after another.
    pub(super) fn forward(&self, mut output: MatMut<'_, T>, scratch: &mut Vec<T>, mut kept: Option<&mut [T]>) {
        for tile in self.tiles() {
            let height = tile.end - tile.start;
            let weights = if let Some(weights) = kept.as_mut().and_then(|kept| kept.split_off_mut(..tile.len())) {
                weights
            } else {
                scratch.resize(tile.len(), T::ZERO);
                &mut scratch[..]
            };
            self.probabilities(&tile, weights);
            let result = output.rb_mut().subrows_mut(tile.start, height);
            let values = self.values.subrows(0, tile.seen);
            multiply(result, Product::Replace, rows_of(weights, height, tile.seen), values);
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

    /// Writes the gradients, given the gradient of the output, `[T, D]`, and the attention weights if they were kept.
    pub(super) fn backward(
        &self,
        gradient: MatRef<'_, T>,
        gradients: HeadGradients<'_, T>,
        [scratch, score_gradients]: [&mut Vec<T>; 2],
        mut kept: Option<&[T]>,
    ) {
        let HeadGradients { mut queries, mut keys, mut values } = gradients;
        let scale = self.scale();
        for tile in self.tiles() {
            let height = tile.end - tile.start;
            score_gradients.resize(tile.len(), T::ZERO);
            let weights = if let Some(weights) = kept.as_mut().and_then(|kept| kept.split_off(..tile.len())) {
                weights
            } else {
                scratch.resize(tile.len(), T::ZERO);
                self.probabilities(&tile, scratch);
                &scratch[..]
            };
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{flat, normal};

    #[test]
    fn weights_that_are_kept_have_the_bits_of_those_computed_again() {
        let (positions, width) = (150, 6);
        let matrix = |name: &str| flat(&normal(name, &[positions, width]));
        let (queries, keys, values, gradient) = (matrix("q"), matrix("k"), matrix("v"), matrix("g"));
        let part = |values| rows_of(values, positions, width);
        for causal in [false, true] {
            let head = Head { queries: part(&queries), keys: part(&keys), values: part(&values), causal };
            let run = |weights: &mut Vec<f64>, keep: bool| {
                let mut found = vec![vec![0.0; positions * width]; 4];
                let [output, of_queries, of_keys, of_values] = found.as_mut_slice() else { unreachable!() };
                let kept = keep.then_some(&mut weights[..]);
                head.forward(rows_of_mut(output, positions, width), &mut Vec::new(), kept);
                let gradients = HeadGradients {
                    queries: rows_of_mut(of_queries, positions, width),
                    keys: rows_of_mut(of_keys, positions, width),
                    values: rows_of_mut(of_values, positions, width),
                };
                let kept = keep.then_some(&weights[..]);
                head.backward(part(&gradient), gradients, [&mut Vec::new(), &mut Vec::new()], kept);
                found
            };
            let mut weights = vec![0.0; head.weight_count()];
            assert_eq!(run(&mut weights, true), run(&mut Vec::new(), false));
            assert!(weights.iter().any(|weight| *weight > 0.0));
        }
    }
}
