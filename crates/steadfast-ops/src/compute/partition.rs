//! Work divided in a way that depends on shapes only, so that results do not depend on the number of threads.

use rayon::prelude::*;

/// Elements per task of elementwise work: 64 KiB of f32, far above the cost of handing out a task.
pub(crate) const CHUNK: usize = 16_384;

/// Runs `work` compiled for the best vector instructions of this processor.
///
/// Rust never fuses or reorders floating-point arithmetic, so the bits are those of the plain code.
#[inline]
pub(crate) fn vectorized<R>(work: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(work)
}

/// Calls `work(start, chunk)` for every run of `chunk` elements of `values`, in parallel.
pub(crate) fn for_each_chunk<T: Send>(values: &mut [T], chunk: usize, work: impl Fn(usize, &mut [T]) + Sync) {
    let chunk = chunk.max(1);
    if values.len() <= chunk {
        if !values.is_empty() {
            vectorized(
                #[inline(always)]
                || work(0, values),
            );
        }
        return;
    }
    values.par_chunks_mut(chunk).enumerate().for_each(|(index, part)| {
        vectorized(
            #[inline(always)]
            || work(index * chunk, part),
        );
    });
}

/// Calls `work(index, first chunk, second chunk)` for two buffers cut into the same number of chunks, in parallel.
pub(crate) fn for_each_chunk_pair<A: Send, B: Send>(
    (first, first_chunk): (&mut [A], usize),
    (second, second_chunk): (&mut [B], usize),
    work: impl Fn(usize, &mut [A], &mut [B]) + Sync,
) {
    first.par_chunks_mut(first_chunk.max(1)).zip(second.par_chunks_mut(second_chunk.max(1))).enumerate().for_each(
        |(index, (first, second))| {
            vectorized(
                #[inline(always)]
                || work(index, first, second),
            );
        },
    );
}

/// The results of `work(0)`, `work(1)`, ... in that order, computed in parallel.
pub(crate) fn map_in_order<R: Send>(count: usize, work: impl Fn(usize) -> R + Sync) -> Vec<R> {
    if count <= 1 {
        return (0..count)
            .map(|index| {
                vectorized(
                    #[inline(always)]
                    || work(index),
                )
            })
            .collect();
    }
    (0..count)
        .into_par_iter()
        .map(|index| {
            vectorized(
                #[inline(always)]
                || work(index),
            )
        })
        .collect()
}

/// How many whole rows of `width` elements make one task.
pub(crate) fn chunk_for_rows(width: usize) -> usize {
    CHUNK.checked_div(width).unwrap_or(1).max(1)
}
