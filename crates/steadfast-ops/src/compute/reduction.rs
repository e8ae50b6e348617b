//! Sums in a fixed order.

use super::{CHUNK, Real, for_each_chunk, map_in_order};

/// Independent partial sums of one run; wide enough for two vectors of the widest kind.
const LANES: usize = 32;

/// The sum of `term` over one run, with [`LANES`] partial sums that are then combined in a fixed tree.
#[inline(always)]
pub(crate) fn sum_of<T: Real>(values: &[T], term: impl Fn(T) -> T) -> T {
    let mut lanes = [T::ZERO; LANES];
    let (whole, rest) = values.as_chunks::<LANES>();
    for block in whole {
        for (lane, &value) in lanes.iter_mut().zip(block) {
            *lane += term(value);
        }
    }
    for (lane, &value) in lanes.iter_mut().zip(rest) {
        *lane += term(value);
    }
    combined(lanes)
}

/// The sum of `term(first, second)` over two runs of the same length.
#[inline(always)]
pub(crate) fn sum_of_pairs<T: Real>(first: &[T], second: &[T], term: impl Fn(T, T) -> T) -> T {
    let mut lanes = [T::ZERO; LANES];
    let (first_whole, first_rest) = first.as_chunks::<LANES>();
    let (second_whole, second_rest) = second.as_chunks::<LANES>();
    for (first, second) in first_whole.iter().zip(second_whole) {
        for ((lane, &first), &second) in lanes.iter_mut().zip(first).zip(second) {
            *lane += term(first, second);
        }
    }
    for ((lane, &first), &second) in lanes.iter_mut().zip(first_rest).zip(second_rest) {
        *lane += term(first, second);
    }
    combined(lanes)
}

#[inline(always)]
fn combined<T: Real>(mut lanes: [T; LANES]) -> T {
    let mut width = LANES / 2;
    while width > 0 {
        for index in 0..width {
            let upper = lanes[index + width];
            lanes[index] += upper;
        }
        width /= 2;
    }
    lanes[0]
}

/// The sum of the values of one run.
#[inline(always)]
pub(crate) fn sum<T: Real>(values: &[T]) -> T {
    sum_of(
        values,
        #[inline(always)]
        |value| value,
    )
}

/// The greatest of the values, or NaN where one is NaN.
#[inline(always)]
pub(crate) fn maximum<T: Real>(values: &[T]) -> T {
    let mut lanes = [T::LOWEST; LANES];
    let (whole, rest) = values.as_chunks::<LANES>();
    for block in whole {
        for (lane, &value) in lanes.iter_mut().zip(block) {
            *lane = greater(*lane, value);
        }
    }
    for (lane, &value) in lanes.iter_mut().zip(rest) {
        *lane = greater(*lane, value);
    }
    lanes.into_iter().fold(T::LOWEST, greater)
}

/// The greater of two numbers; NaN wins over all, and an old NaN stays because nothing is greater than it.
#[inline(always)]
fn greater<T: Real>(old: T, new: T) -> T {
    if old < new || new.not_a_number() { new } else { old }
}

/// Adds `addends` to `sums`, element by element, in parallel.
pub(crate) fn add_into<T: Real>(sums: &mut [T], addends: &[T]) {
    for_each_chunk(
        sums,
        CHUNK,
        #[inline(always)]
        |start, chunk| {
            for (sum, &addend) in chunk.iter_mut().zip(&addends[start..]) {
                *sum += addend;
            }
        },
    );
}

/// The sum over the rows of a matrix with rows of `width` elements: one number per column.
///
/// `term(row, values, sums)` adds one row to the sums. Rows are added in order within fixed groups, and the groups'
/// sums in order.
pub(crate) fn column_sums<T: Real>(
    rows: usize,
    sums: usize,
    rows_per_task: usize,
    term: impl Fn(usize, &mut [T]) + Sync,
) -> Vec<T> {
    let rows_per_task = rows_per_task.max(1);
    let mut parts = map_in_order(
        rows.div_ceil(rows_per_task),
        #[inline(always)]
        |task| {
            let mut part = vec![T::ZERO; sums];
            for row in task * rows_per_task..((task + 1) * rows_per_task).min(rows) {
                term(row, &mut part);
            }
            part
        },
    )
    .into_iter();
    let mut total = parts.next().unwrap_or_else(|| vec![T::ZERO; sums]);
    for part in parts {
        add_into(&mut total, &part);
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_every_length() {
        for length in [0, 1, 31, 32, 33, 64, 100] {
            let values: Vec<f64> = (0..length).map(f64::from).collect();
            let expected = f64::from(length * (length - 1).max(0) / 2);
            assert_eq!(sum(&values).to_bits(), (expected + 0.0).to_bits(), "length {length}");
        }
    }

    #[test]
    fn the_maximum_of_not_a_number_is_not_a_number() {
        assert!(maximum(&[1.0, f32::NAN, 2.0]).is_nan());
        assert!(maximum(&[f32::NAN, 2.0]).is_nan());
        assert_eq!(maximum(&[-3.0, -1.0, -2.0_f32]).to_bits(), (-1.0_f32).to_bits());
    }

    #[test]
    fn columns_are_summed_in_groups() {
        let values: Vec<f64> = (0..35).map(f64::from).collect();
        let sums = column_sums(7, 5, 2, |row, sums: &mut [f64]| {
            sums.iter_mut().zip(&values[row * 5..]).for_each(|(sum, value)| *sum += value);
        });
        assert_eq!(sums, [105.0, 112.0, 119.0, 126.0, 133.0]);
    }
}
