//! A copy of some channels with zeros around them, in which the elements that one weight meets lie in a row.

use std::ops::Range;

use crate::compute::Real;
use crate::ops::window::Window;

/// How one side of an image is copied.
///
/// Copied element `position` of phase `phase` is element `position * stride + phase - padding` of the side; where there
/// is none, it is zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Side {
    /// Elements of the side.
    pub(super) input: usize,
    /// Phases, and the distance of the elements of one phase.
    pub(super) stride: usize,
    /// Zeros in front.
    pub(super) padding: usize,
    /// Elements of each phase of the copy.
    pub(super) length: usize,
}

impl Side {
    /// What the windows at these positions take of their side.
    pub(super) fn of_windows(window: &Window, positions: &Range<usize>) -> Self {
        let reach = window.dilation * (window.kernel - 1) / window.stride;
        Self { input: window.input, stride: window.stride, padding: window.padding, length: positions.len() + reach }
    }

    /// Phase and position of the element number `tap` of a window, from that of its first position on.
    pub(super) const fn tap(window: &Window, tap: usize) -> (usize, usize) {
        let offset = tap * window.dilation;
        (offset % window.stride, offset / window.stride)
    }

    /// Positions of a phase that are elements of the side, from `first` on.
    fn inside(&self, first: usize, phase: usize) -> Range<usize> {
        // The smallest position whose element is not before the side, and the first one behind it.
        let begin = self.padding.saturating_sub(phase).div_ceil(self.stride);
        let end = (self.input + self.padding).saturating_sub(phase).div_ceil(self.stride);
        let begin = begin.saturating_sub(first).min(self.length);
        begin..end.saturating_sub(first).clamp(begin, self.length)
    }
}

/// Rows and columns of the copy, the first row of which is `first`.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub(super) rows: Side,
    pub(super) columns: Side,
    pub(super) first: usize,
}

impl Source {
    /// Elements of one phase of one channel.
    pub(super) const fn plane(&self) -> usize {
        self.rows.length * self.columns.length
    }

    /// Where an element of the copy lies in a channel's part.
    pub(super) const fn place(
        &self,
        (row_phase, row): (usize, usize),
        (column_phase, column): (usize, usize),
    ) -> usize {
        (row_phase * self.columns.stride + column_phase) * self.plane() + row * self.columns.length + column
    }

    /// Elements of the copy of one channel.
    pub(super) const fn channel(&self) -> usize {
        self.rows.stride * self.columns.stride * self.plane()
    }

    /// Elements of the copy of so many numbers, with `slack` zeros behind them.
    pub(super) fn length(&self, numbers: usize, slack: usize) -> usize {
        numbers.checked_div(self.rows.input * self.columns.input).unwrap_or(0) * self.channel() + slack
    }

    /// Copies some channels to where there were zeros or channels laid out in the same way.
    #[inline(always)]
    pub(super) fn copy<T: Real>(&self, planes: &[T], copy: &mut [T]) {
        if self.plane() == 0 {
            return;
        }
        let mut parts = copy.chunks_exact_mut(self.plane());
        for channel in planes.chunks_exact((self.rows.input * self.columns.input).max(1)) {
            for row_phase in 0..self.rows.stride {
                for column_phase in 0..self.columns.stride {
                    if let Some(part) = parts.next() {
                        self.copy_phase(channel, (row_phase, column_phase), part);
                    }
                }
            }
        }
    }

    #[inline(always)]
    fn copy_phase<T: Real>(&self, channel: &[T], (row_phase, column_phase): (usize, usize), part: &mut [T]) {
        let (rows, columns) = (self.rows.inside(self.first, row_phase), self.columns.inside(0, column_phase));
        if columns.is_empty() {
            return;
        }
        let start = columns.start * self.columns.stride + column_phase - self.columns.padding;
        let lines = part[rows.start * self.columns.length..].chunks_exact_mut(self.columns.length);
        for (position, line) in rows.zip(lines) {
            let row = (self.first + position) * self.rows.stride + row_phase - self.rows.padding;
            let values = &channel[row * self.columns.input + start..(row + 1) * self.columns.input];
            let line = &mut line[columns.clone()];
            if self.columns.stride == 1 {
                copy_row(&values[..line.len()], line);
            } else {
                for (cell, &value) in line.iter_mut().zip(values.iter().step_by(self.columns.stride)) {
                    *cell = value;
                }
            }
        }
    }
}

/// Copies a row. The lengths that are common are known when this is compiled, so that no function is called for them.
#[inline(always)]
fn copy_row<T: Real>(values: &[T], row: &mut [T]) {
    match values.len() {
        8 => copy_array::<T, 8>(values, row),
        14 => copy_array::<T, 14>(values, row),
        16 => copy_array::<T, 16>(values, row),
        28 => copy_array::<T, 28>(values, row),
        32 => copy_array::<T, 32>(values, row),
        _ => row.copy_from_slice(values),
    }
}

#[inline(always)]
fn copy_array<T: Real, const LENGTH: usize>(values: &[T], row: &mut [T]) {
    if let (Some(values), Some(row)) = (values.first_chunk::<LENGTH>(), row.first_chunk_mut::<LENGTH>()) {
        *row = *values;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every copied element is the one that the window would take.
    fn check(window: &Window, tile: &Range<usize>) {
        let input = window.input;
        let source = Source {
            rows: Side::of_windows(window, tile),
            columns: Side::of_windows(window, &(0..window.output)),
            first: tile.start,
        };
        let plane: Vec<f64> = (1..=input * input).map(|value| value as f64).collect();
        let mut copy = vec![0.0; source.length(plane.len(), 3)];
        source.copy(&plane, &mut copy);
        let pairs = |rows: Range<usize>, columns: usize| rows.flat_map(move |row| (0..columns).map(move |c| (row, c)));
        for (row, column) in pairs(tile.clone(), window.output) {
            for (row_tap, column_tap) in pairs(0..window.kernel, window.kernel) {
                let expected = match (window.element(row, row_tap), window.element(column, column_tap)) {
                    (Some(row), Some(column)) => plane[row * input + column],
                    _ => 0.0,
                };
                let first = source.place(Side::tap(window, row_tap), Side::tap(window, column_tap));
                let found = copy[first + (row - tile.start) * source.columns.length + column];
                assert_eq!(found.to_bits(), expected.to_bits(), "{window:?} {row},{column} {row_tap},{column_tap}");
            }
        }
    }

    #[test]
    fn windows_find_their_elements() {
        let settings =
            [[3, 1, 1, 1], [3, 2, 1, 1], [2, 3, 2, 1], [3, 1, 2, 2], [3, 2, 3, 3], [1, 2, 0, 1], [5, 1, 0, 1]];
        for setting in settings {
            for input in [5, 8, 11, 14, 16, 28, 32] {
                let Ok(window) = Window::new(input, setting, "test") else { continue };
                check(&window, &(0..window.output));
                check(&window, &(window.output / 2..window.output));
            }
        }
    }
}
