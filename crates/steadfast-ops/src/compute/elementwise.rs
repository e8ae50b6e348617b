//! New vectors computed in parallel, without passing over their memory twice.

use rayon::prelude::*;

use super::{CHUNK, Real, vectorized};

/// Elements of one block of [`computed`].
const BLOCK: usize = 256;

/// A vector of `count` values of which `work(start, block)` writes each block, in parallel.
///
/// A block begins as zeros and has any length. The memory is never touched before the values are written to it, which
/// matters for vectors larger than the caches: `vec![0.0; count]` would pass over it once more, on one thread.
pub(crate) fn computed<T: Real>(count: usize, work: impl Fn(usize, &mut [T]) + Sync) -> Vec<T> {
    let block = |index: usize| {
        vectorized(
            #[inline(always)]
            || {
                let mut block = [T::ZERO; BLOCK];
                let start = index * BLOCK;
                work(start, &mut block[..BLOCK.min(count - start)]);
                block
            },
        )
    };
    let mut blocks = Vec::with_capacity(count.div_ceil(BLOCK));
    if count <= CHUNK {
        blocks.extend((0..count.div_ceil(BLOCK)).map(block));
    } else {
        let indices = (0..count.div_ceil(BLOCK)).into_par_iter().with_min_len(CHUNK / BLOCK);
        indices.map(block).collect_into_vec(&mut blocks);
    }
    let mut values = blocks.into_flattened();
    values.truncate(count);
    values
}

/// Zeros, written in parallel where there are many.
pub(crate) fn zeros<T: Real>(count: usize) -> Vec<T> {
    if count <= 4 * CHUNK { vec![T::ZERO; count] } else { computed(count, |_, _| ()) }
}

/// `function(value)` for every value.
pub(crate) fn mapped<T: Real>(values: &[T], function: impl Fn(T) -> T + Sync) -> Vec<T> {
    computed(
        values.len(),
        #[inline(always)]
        |start, block| {
            for (result, &value) in block.iter_mut().zip(&values[start..]) {
                *result = function(value);
            }
        },
    )
}

/// `function(first, second)` for every pair of values of two slices of the same length.
pub(crate) fn mapped_pairs<T: Real>(first: &[T], second: &[T], function: impl Fn(T, T) -> T + Sync) -> Vec<T> {
    computed(
        first.len(),
        #[inline(always)]
        |start, block| {
            for ((result, &first), &second) in block.iter_mut().zip(&first[start..]).zip(&second[start..]) {
                *result = function(first, second);
            }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_computed_once() {
        for count in [0, 1, 255, 256, 257, CHUNK, CHUNK + 1, 3 * CHUNK + 77] {
            let values = computed(count, |start, block: &mut [f64]| {
                for (offset, value) in block.iter_mut().enumerate() {
                    *value += (start + offset) as f64;
                }
            });
            assert!(values.iter().enumerate().all(|(index, value)| value.to_bits() == (index as f64).to_bits()));
            assert_eq!(values.len(), count);
            assert_eq!(zeros::<f32>(count), vec![0.0; count]);
        }
    }
}
