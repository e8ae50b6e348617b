//! The column matrix: for every output element the input elements that it is a weighted sum of.

use std::ops::Range;

use super::geometry::Geometry;
use crate::compute::Real;

/// Writes the column matrix of some channels of one sample for the output rows `tile`.
///
/// `planes` holds the channels; row `channel * taps + tap` of `columns` belongs to that tap of that channel, column
/// `i` to the `i`-th output element of the tile.
#[inline(always)]
pub(super) fn gather<T: Real>(geometry: &Geometry, planes: &[T], tile: &Range<usize>, columns: &mut [T]) {
    let Geometry { rows, columns: across, .. } = geometry;
    let mut lines = columns.chunks_exact_mut((tile.len() * across.output).max(1));
    for plane in planes.chunks_exact(geometry.input_plane().max(1)) {
        for row_tap in 0..rows.kernel {
            for column_tap in 0..across.kernel {
                let Some(line) = lines.next() else { return };
                let inside = across.inside(column_tap);
                for (position, cells) in tile.clone().zip(line.chunks_exact_mut(across.output)) {
                    let Some(row) = rows.element(position, row_tap) else {
                        cells.fill(T::ZERO);
                        continue;
                    };
                    cells[..inside.start].fill(T::ZERO);
                    cells[inside.end..].fill(T::ZERO);
                    let Some(first) = across.element(inside.start, column_tap) else { continue };
                    let source = &plane[row * across.input + first..(row + 1) * across.input];
                    let cells = &mut cells[inside.clone()];
                    if across.stride == 1 {
                        cells.copy_from_slice(&source[..cells.len()]);
                    } else {
                        for (cell, &value) in cells.iter_mut().zip(source.iter().step_by(across.stride)) {
                            *cell = value;
                        }
                    }
                }
            }
        }
    }
}
