//! Which elements of shifted rows make which elements of a result.

/// The vectors that cover a result of some rows, given how wide a vector is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout {
    /// For each vector, where it begins in the source (but for the shift) and in the result.
    pub(super) places: Vec<(usize, usize)>,
    /// Elements from one row of the result to the next.
    pub(super) stride: usize,
    /// Elements of the result of one channel.
    pub(super) length: usize,
}

impl Layout {
    /// Covers `rows` rows of `columns` elements, whose sources are `stride` elements apart.
    ///
    /// Either row by row, the last vector of a row lying partly on the one before it, or in one sweep over everything,
    /// what lies between the rows included: whichever takes fewer vectors.
    pub(super) fn new([rows, columns]: [usize; 2], stride: usize, width: usize) -> Self {
        let sweep = ((rows.max(1) - 1) * stride + columns).div_ceil(width);
        let per_row = columns.div_ceil(width);
        if columns < width || sweep < per_row * rows {
            let places = (0..sweep).map(|vector| (vector * width, vector * width)).collect();
            return Self { places, stride, length: (sweep * width).max(rows * stride) };
        }
        let within = |vector: usize| (vector * width).min(columns - width);
        let places = (0..rows).flat_map(|row| {
            (0..per_row).map(move |vector| (row * stride + within(vector), row * columns + within(vector)))
        });
        Self { places: places.collect(), stride: columns, length: rows * columns }
    }

    /// Elements behind the last one of the source that a vector may reach into.
    pub(super) fn reach(&self, width: usize) -> usize {
        self.places.last().map_or(0, |(source, _)| source + width)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every element of the result is written, from the source element that belongs to it.
    fn check(sizes: [usize; 2], stride: usize, width: usize) {
        let layout = Layout::new(sizes, stride, width);
        let mut result = vec![usize::MAX; layout.length];
        for (source, place) in layout.places {
            for lane in 0..width {
                result[place + lane] = source + lane;
            }
        }
        for row in 0..sizes[0] {
            for column in 0..sizes[1] {
                assert_eq!(result[row * layout.stride + column], row * stride + column, "{sizes:?} {stride} {width}");
            }
        }
    }

    #[test]
    fn every_element_has_its_source() {
        for width in [1, 2, 4, 8, 16] {
            for sizes in [[1, 1], [3, 5], [8, 8], [4, 16], [5, 17], [2, 32], [7, 28], [3, 33]] {
                for beside in [0, 1, 2, 6] {
                    check(sizes, sizes[1] + beside, width);
                }
            }
        }
    }

    #[test]
    fn the_cheaper_way_is_taken() {
        assert_eq!(Layout::new([32, 32], 34, 16).places.len(), 64);
        assert_eq!(Layout::new([8, 8], 10, 16).places.len(), 5);
        assert_eq!(Layout::new([28, 28], 30, 16).places.len(), 53);
    }
}
