//! Where pixels go: rotation and its relatives, shifts, mirrors, black squares.

/// The channels of an image, one after another, and a place to make the next ones.
pub(super) struct Image<'a> {
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) values: &'a mut Vec<f32>,
    pub(super) scratch: &'a mut Vec<f32>,
}

impl Image<'_> {
    /// Makes each row of each channel anew: `fill` gets the channel as it was, the number of the row and the row.
    fn remake(&mut self, fill: impl Fn(&[f32], usize, &mut [f32])) {
        let plane = self.height * self.width;
        self.scratch.clear();
        self.scratch.resize(self.values.len(), 0.0);
        for (old, new) in self.values.chunks_exact(plane).zip(self.scratch.chunks_exact_mut(plane)) {
            for (row, values) in new.chunks_exact_mut(self.width).enumerate() {
                fill(old, row, values);
            }
        }
        std::mem::swap(self.values, self.scratch);
    }
}

/// Moves the content down and to the right; what comes in is black.
pub(super) fn shift(image: &mut Image<'_>, down: isize, right: isize) {
    let (height, width) = (image.height, image.width);
    image.remake(|old, row, values| {
        let Some(from) = row.checked_add_signed(-down).filter(|from| *from < height) else { return };
        let old = &old[from * width..][..width];
        for (column, value) in values.iter_mut().enumerate() {
            if let Some(from) = column.checked_add_signed(-right).filter(|from| *from < width) {
                *value = old[from];
            }
        }
    });
}

/// Mirrors left and right.
pub(super) fn mirror(image: &mut Image<'_>) {
    image.values.chunks_exact_mut(image.width).for_each(<[f32]>::reverse);
}

/// Blackens the part of a square around a pixel that lies inside.
pub(super) fn blacken(image: &mut Image<'_>, (row, column): (usize, usize), side: usize) {
    let span = |center: usize, length: usize| {
        let start = center.cast_signed() - (side / 2).cast_signed();
        let end = (start + side.cast_signed()).max(0).cast_unsigned().min(length);
        start.max(0).cast_unsigned().min(end)..end
    };
    let (rows, columns) = (span(row, image.height), span(column, image.width));
    for plane in image.values.chunks_exact_mut(image.height * image.width) {
        for row in plane.chunks_exact_mut(image.width).skip(rows.start).take(rows.len()) {
            row[columns.clone()].fill(0.0);
        }
    }
}

/// The map from a pixel's place in the result to its place in the image, both measured from the center.
#[derive(Clone, Copy, Debug)]
pub(super) struct Affine([f64; 6]);

impl Affine {
    /// A rotation by an angle in degrees clockwise, then a shear along the rows by an angle in degrees, a scale and a
    /// move to the right and down in pixels, as `torchvision.transforms.functional.affine` defines them.
    pub(super) fn new(angle: f64, (right, down): (f64, f64), scale: f64, shear: f64) -> Self {
        let (sine, cosine) = (angle.to_radians().sin(), angle.to_radians().cos());
        let tangent = shear.to_radians().tan();
        let (a, b) = (cosine, -cosine * tangent - sine);
        let (c, d) = (sine, -sine * tangent + cosine);
        let [a, b, c, d] = [d / scale, -b / scale, -c / scale, a / scale];
        Self([a, b, -a * right - b * down, c, d, -c * right - d * down])
    }

    /// Takes each pixel of the result from between four pixels of the image; outside of it everything is black.
    #[expect(clippy::cast_possible_truncation, reason = "places of pixels, and weights between 0 and 1")]
    pub(super) fn apply(self, image: &mut Image<'_>) {
        let Self(map) = self;
        let (height, width) = (image.height, image.width);
        let (middle_x, middle_y) = (width as f64 / 2.0 - 0.5, height as f64 / 2.0 - 0.5);
        image.remake(|old, row, values| {
            let below = row as f64 - middle_y;
            let pixel = |column: isize, row: isize| {
                let inside = (0..width.cast_signed()).contains(&column) && (0..height.cast_signed()).contains(&row);
                if inside { old[row.cast_unsigned() * width + column.cast_unsigned()] } else { 0.0 }
            };
            for (column, value) in values.iter_mut().enumerate() {
                let beside = column as f64 - middle_x;
                let from_x = map[0] * beside + map[1] * below + map[2] + middle_x;
                let from_y = map[3] * beside + map[4] * below + map[5] + middle_y;
                let (left, top) = (from_x.floor(), from_y.floor());
                let (across, along) = ((from_x - left) as f32, (from_y - top) as f32);
                let (left, top) = (left as isize, top as isize);
                let upper = pixel(left, top) * (1.0 - across) + pixel(left + 1, top) * across;
                let lower = pixel(left, top + 1) * (1.0 - across) + pixel(left + 1, top + 1) * across;
                *value = upper * (1.0 - along) + lower * along;
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::images::fixture::{bytes, fixtures, floats};
    use super::super::color;
    use super::*;

    const HEIGHT: usize = 6;
    const WIDTH: usize = 5;

    /// The picture of the fixtures on the scale of 0 to 1, changed.
    fn changed(change: impl Fn(&mut Image<'_>)) -> Vec<f32> {
        let unit = bytes(&fixtures()["unit"]);
        let mut values: Vec<f32> = unit.iter().map(|&byte| f32::from(byte) / 255.0).collect();
        let mut scratch = Vec::new();
        change(&mut Image { height: HEIGHT, width: WIDTH, values: &mut values, scratch: &mut scratch });
        values
    }

    fn check(name: &str, change: impl Fn(&mut Image<'_>)) {
        let expected = floats(&fixtures()["changed"][name]);
        let found = changed(change);
        assert_eq!(found.len(), expected.len(), "{name}");
        for (place, (found, expected)) in found.iter().zip(&expected).enumerate() {
            assert!((f64::from(*found) - expected).abs() < 2e-6, "{name}, {place}: {found} instead of {expected}");
        }
    }

    #[test]
    fn places_equal_those_of_torchvision() {
        check("flip", mirror);
        check("shift", |image| shift(image, -1, 1));
        check("rotate 30", |image| Affine::new(30.0, (0.0, 0.0), 1.0, 0.0).apply(image));
        check("affine", |image| Affine::new(-17.0, (1.0, -2.0), 1.2, 8.0).apply(image));
    }

    #[test]
    fn colors_equal_those_of_torchvision() {
        let plane = HEIGHT * WIDTH;
        check("brightness", |image| color::brightness(image.values, 1.3));
        check("contrast", |image| color::contrast(image.values, plane, 0.6));
        check("saturation", |image| color::saturation(image.values, plane, 1.7));
        check("hue", |image| color::hue(image.values, plane, 0.15));
    }

    #[test]
    fn a_square_is_cut_off_at_the_border() {
        let mut values = vec![1.0; 12];
        let mut image = Image { height: 3, width: 4, values: &mut values, scratch: &mut Vec::new() };
        blacken(&mut image, (0, 3), 3);
        assert_eq!(values, [1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0]);
        let mut values = vec![1.0; 4];
        blacken(&mut Image { height: 2, width: 2, values: &mut values, scratch: &mut Vec::new() }, (1, 0), 9);
        assert_eq!(values, [0.0; 4]);
    }

    #[test]
    fn what_is_moved_out_is_gone_and_black_comes_in() {
        let mut values = vec![1.0, 2.0, 3.0, 4.0];
        shift(&mut Image { height: 2, width: 2, values: &mut values, scratch: &mut Vec::new() }, 1, -1);
        assert_eq!(values, [0.0, 0.0, 2.0, 0.0]);
        shift(&mut Image { height: 2, width: 2, values: &mut values, scratch: &mut Vec::new() }, 5, -7);
        assert_eq!(values, [0.0; 4]);
    }
}
