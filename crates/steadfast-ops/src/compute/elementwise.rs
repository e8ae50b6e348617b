//! New vectors computed in parallel, without passing over their memory twice.

use std::mem::MaybeUninit;

use rayon::prelude::*;

use super::{CHUNK, Real, vectorized};

/// Elements of one block of [`computed`].
const BLOCK: usize = 256;

/// A vector of `count` values of which `work(start, block)` writes each block, in parallel.
///
/// A block begins as zeros and has any length. The memory is never touched before the values are written to it, which
/// matters for vectors larger than the caches: `vec![0.0; count]` would pass over it once more, on one thread.
pub(crate) fn computed<T: Real>(count: usize, work: impl Fn(usize, &mut [T]) + Sync) -> Vec<T> {
    // A block is small enough to be still in the first-level cache when it is written for the second time.
    computed_with(
        count,
        (CHUNK, BLOCK),
        || (),
        #[inline(always)]
        |(), start, block| work(start, block),
    )
}

/// A vector of `count` values of which `work(scratch, index, part)` writes each part of `length` values, in parallel.
///
/// A part begins as zeros. Each thread makes itself a `scratch`, for one part after another.
pub(crate) fn computed_by_parts<T: Real, S>(
    count: usize,
    length: usize,
    scratch: impl Fn() -> S + Sync + Send,
    work: impl Fn(&mut S, usize, &mut [T]) + Sync,
) -> Vec<T> {
    let length = length.max(1);
    computed_with(
        count,
        (length, length),
        scratch,
        #[inline(always)]
        |scratch, start, part| work(scratch, start / length, part),
    )
}

/// Both of them: tasks of `part` values, zeroed and handed to the work `block` values at a time.
#[expect(unsafe_code, reason = "to write memory once instead of twice")]
fn computed_with<T: Real, S>(
    count: usize,
    (part, block): (usize, usize),
    scratch: impl Fn() -> S + Sync + Send,
    work: impl Fn(&mut S, usize, &mut [T]) + Sync,
) -> Vec<T> {
    let mut values = Vec::with_capacity(count);
    let run = |scratch: &mut S, (index, values): (usize, &mut [MaybeUninit<T>])| {
        vectorized(
            #[inline(always)]
            || {
                for (number, values) in values.chunks_mut(block).enumerate() {
                    for value in &mut *values {
                        value.write(T::ZERO);
                    }
                    // SAFETY: every one of them was just written.
                    let values = unsafe { values.assume_init_mut() };
                    work(scratch, index * part + number * block, values);
                }
            },
        );
    };
    let spare = &mut values.spare_capacity_mut()[..count];
    if count <= part {
        let mut scratch = scratch();
        spare.chunks_mut(part).enumerate().for_each(|part| run(&mut scratch, part));
    } else {
        spare.par_chunks_mut(part).enumerate().for_each_init(scratch, run);
    }
    // SAFETY: the slice of the spare capacity was `count` long, and the chunks of the chunks of it are all of it, so
    // every value up to `count` was written. If the work panics this line is not reached.
    unsafe { values.set_len(count) };
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
