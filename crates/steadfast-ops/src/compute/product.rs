//! Matrix products: the kernels of `faer`, one thread each, over a fixed division of the result.
//!
//! `faer` can divide a product among threads itself; doing it here is faster for the shapes of training (each task
//! packs only what it needs and nobody waits), and the bits cannot depend on the number of threads.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use rayon::prelude::*;

use super::Real;
use super::elementwise::{computed_by_parts, zeros};

/// Products below this many multiply-adds are not divided: handing out tasks would cost more.
const SMALLEST_TASK: usize = 1 << 20;
/// Products are divided into at least this many tasks where they are large enough.
const TASKS: usize = 8;
/// No task is larger than this many multiply-adds, so that very large products reach many cores.
const LARGEST_TASK: usize = 1 << 25;
/// Tasks are cut at multiples of this, the height of the kernels' register tiles.
const GRAIN: usize = 16;

/// Whether a product replaces what stands in the result or is added to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Product {
    /// Result = product.
    Replace,
    /// Result += product.
    Add,
}

/// A matrix whose rows lie one after another.
pub(crate) fn rows_of<T>(values: &[T], rows: usize, columns: usize) -> MatRef<'_, T> {
    MatRef::from_row_major_slice(values, rows, columns)
}

/// A matrix whose columns lie one after another: the transpose of [`rows_of`].
pub(crate) fn columns_of<T>(values: &[T], rows: usize, columns: usize) -> MatRef<'_, T> {
    MatRef::from_column_major_slice(values, rows, columns)
}

/// A matrix to write, whose rows lie one after another.
pub(crate) fn rows_of_mut<T>(values: &mut [T], rows: usize, columns: usize) -> MatMut<'_, T> {
    MatMut::from_row_major_slice_mut(values, rows, columns)
}

/// `result (+)= left * right` on this thread.
pub(crate) fn multiply<T: Real>(result: MatMut<'_, T>, mode: Product, left: MatRef<'_, T>, right: MatRef<'_, T>) {
    let mode = match mode {
        Product::Replace => Accum::Replace,
        Product::Add => Accum::Add,
    };
    matmul(result, mode, left, right, T::ONE, Par::Seq);
}

/// `result (+)= left * right`, divided among the threads of the current rayon pool.
pub(crate) fn multiply_in_parallel<T: Real>(
    result: MatMut<'_, T>,
    mode: Product,
    left: MatRef<'_, T>,
    right: MatRef<'_, T>,
) {
    let (rows_per_task, columns_per_task) = task_size(result.nrows(), result.ncols(), left.ncols());
    let mut tasks = Vec::new();
    let (mut below, mut row) = (result, 0);
    while below.nrows() > 0 {
        let height = rows_per_task.min(below.nrows());
        let (mut beside, rest) = below.split_at_row_mut(height);
        let mut column = 0;
        while beside.ncols() > 0 {
            let width = columns_per_task.min(beside.ncols());
            let (tile, rest) = beside.split_at_col_mut(width);
            tasks.push((row, column, tile));
            column += width;
            beside = rest;
        }
        row += height;
        below = rest;
    }
    let run = |(row, column, tile): (usize, usize, MatMut<'_, T>)| {
        let (rows, columns) = (tile.nrows(), tile.ncols());
        multiply(tile, mode, left.subrows(row, rows), right.subcols(column, columns));
    };
    if tasks.len() == 1 {
        tasks.into_iter().for_each(run);
    } else {
        tasks.into_par_iter().for_each(run);
    }
}

/// `left * right`, with `bias` added to each row, divided among the threads of the current rayon pool.
pub(crate) fn product<T: Real>(left: MatRef<'_, T>, right: MatRef<'_, T>, bias: Option<&[T]>) -> Vec<T> {
    let (rows, columns) = (left.nrows(), right.ncols());
    let mode = if bias.is_some() { Product::Add } else { Product::Replace };
    let begin = |rows: &mut [T]| {
        if let Some(bias) = bias {
            rows.chunks_exact_mut(columns.max(1)).for_each(|row| row.copy_from_slice(bias));
        }
    };
    let (height, width) = task_size(rows, columns, left.ncols());
    if width < columns {
        let mut values = zeros(rows * columns);
        begin(&mut values);
        multiply_in_parallel(rows_of_mut(&mut values, rows, columns), mode, left, right);
        return values;
    }
    // Tasks of whole rows make their part of the result themselves, while it is in their cache.
    computed_by_parts(
        rows * columns,
        height * columns,
        || (),
        |(), task, part: &mut [T]| {
            begin(part);
            let count = part.len().checked_div(columns).unwrap_or(0);
            multiply(rows_of_mut(part, count, columns), mode, left.subrows(task * height, count), right);
        },
    )
}

/// Rows and columns of the result per task: halved along the longer side until there are enough tasks.
fn task_size(rows: usize, columns: usize, inner: usize) -> (usize, usize) {
    let (mut height, mut width) = (rows.max(1), columns.max(1));
    loop {
        let tasks = rows.div_ceil(height) * columns.div_ceil(width);
        let work = height * width * inner;
        let enough = tasks >= TASKS || work < 2 * SMALLEST_TASK;
        if (enough && work <= LARGEST_TASK) || (height <= GRAIN && width <= GRAIN) {
            return (height, width);
        }
        if height >= width {
            height = height.div_ceil(2).next_multiple_of(GRAIN);
        } else {
            width = width.div_ceil(2).next_multiple_of(GRAIN);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_are_few_for_small_and_many_for_large_products() {
        let count = |rows: usize, columns: usize, inner| {
            let (height, width) = task_size(rows, columns, inner);
            rows.div_ceil(height) * columns.div_ceil(width)
        };
        assert_eq!(count(10, 10, 10), 1);
        assert_eq!(count(0, 5, 3), 0);
        assert_eq!(count(128, 512, 784), 8);
        assert_eq!(count(1024, 1024, 1024), 32);
    }

    #[test]
    fn a_new_product_has_the_bits_of_one_that_is_added() {
        let fill = |count: usize| -> Vec<f32> { (0..count).map(|i| ((i * 37) % 101) as f32 / 50.0 - 1.0).collect() };
        for (rows, columns, inner) in [(700, 60, 300), (60, 700, 300), (3, 5, 2), (0, 5, 2)] {
            let (left, right, bias) = (fill(rows * inner), fill(inner * columns), fill(columns));
            let (left, right) = (rows_of(&left, rows, inner), rows_of(&right, inner, columns));
            let mut expected = bias.repeat(rows);
            multiply_in_parallel(rows_of_mut(&mut expected, rows, columns), Product::Add, left, right);
            assert_eq!(product(left, right, Some(&bias)), expected);
        }
    }

    #[test]
    fn a_divided_product_has_the_bits_of_an_undivided_one() {
        let (rows, columns, inner) = (130, 257, 300);
        let fill = |count: usize| -> Vec<f32> { (0..count).map(|i| ((i * 37) % 101) as f32 / 50.0 - 1.0).collect() };
        let (left, right) = (fill(rows * inner), fill(inner * columns));
        let (left, right) = (rows_of(&left, rows, inner), rows_of(&right, inner, columns));
        let (mut whole, mut divided) = (vec![0.5_f32; rows * columns], vec![0.5_f32; rows * columns]);
        multiply(rows_of_mut(&mut whole, rows, columns), Product::Add, left, right);
        multiply_in_parallel(rows_of_mut(&mut divided, rows, columns), Product::Add, left, right);
        assert_eq!(whole, divided);
    }
}
