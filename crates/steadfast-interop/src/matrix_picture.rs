//! A confusion matrix as a picture: a square for each cell, darker the larger its part of the row, with its count.

use png::{BitDepth, ColorType, Encoder};

/// Larger matrices would be pictures of nothing.
const MOST_CLASSES: usize = 256;

/// Cells of at least this many pixels hold their count.
const ROOM_FOR_DIGITS: usize = 24;

const LINE: [u8; 3] = [255, 255, 255];
const LIGHT: [u8; 3] = [243, 241, 235];
const RIGHT: [u8; 3] = [37, 99, 168];
const WRONG: [u8; 3] = [194, 65, 12];

/// Digits of three by five pixels, a row in three bits.
const DIGITS: [[u8; 5]; 10] = [
    [7, 5, 5, 5, 7],
    [2, 6, 2, 2, 7],
    [7, 1, 7, 4, 7],
    [7, 1, 7, 1, 7],
    [5, 5, 7, 1, 1],
    [7, 4, 7, 1, 7],
    [7, 4, 7, 5, 7],
    [7, 1, 1, 1, 1],
    [7, 5, 7, 5, 7],
    [7, 5, 7, 1, 7],
];

/// A square picture.
pub(crate) struct Picture {
    /// Pixels on each side.
    pub(crate) size: u64,
    pub(crate) png: Vec<u8>,
}

/// Draws the matrix; nothing if it has too many classes.
pub(crate) fn draw(counts: &[Vec<u64>]) -> Option<Picture> {
    if counts.len() > MOST_CLASSES {
        return None;
    }
    let cell = (512 / counts.len()).clamp(2, 48);
    let mut canvas = Canvas::new(cell * counts.len());
    for (truth, row) in counts.iter().enumerate() {
        let sum = row.iter().sum::<u64>().max(1) as f64;
        for (guess, count) in row.iter().enumerate() {
            // The root lets rare confusions be seen.
            let share = (*count as f64 / sum).sqrt();
            let color = mix(LIGHT, if truth == guess { RIGHT } else { WRONG }, share);
            let gap = usize::from(cell > 6);
            canvas.fill((guess * cell, truth * cell), cell - gap, color);
            if cell >= ROOM_FOR_DIGITS && *count > 0 {
                let ink = if share > 0.6 { [255; 3] } else { [60; 3] };
                canvas.write((guess * cell, truth * cell), cell, &count.to_string(), ink);
            }
        }
    }
    Some(Picture { size: canvas.size as u64, png: canvas.into_png()? })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between two bytes")]
fn mix(from: [u8; 3], to: [u8; 3], part: f64) -> [u8; 3] {
    std::array::from_fn(|channel| {
        let (from, to) = (f64::from(from[channel]), f64::from(to[channel]));
        (from + (to - from) * part.clamp(0.0, 1.0)).round() as u8
    })
}

struct Canvas {
    size: usize,
    pixels: Vec<u8>,
}

impl Canvas {
    fn new(size: usize) -> Self {
        Self { size, pixels: LINE.repeat(size * size) }
    }

    fn fill(&mut self, (left, top): (usize, usize), size: usize, color: [u8; 3]) {
        for y in top..top + size {
            for x in left..left + size {
                let at = 3 * (y * self.size + x);
                self.pixels[at..at + 3].copy_from_slice(&color);
            }
        }
    }

    /// Writes a number into the middle of a cell, if it fits.
    fn write(&mut self, (left, top): (usize, usize), cell: usize, digits: &str, color: [u8; 3]) {
        let scale = if digits.len() * 8 <= cell { 2 } else { 1 };
        let (width, height) = ((digits.len() * 4 - 1) * scale, 5 * scale);
        if width + 2 > cell {
            return;
        }
        let (left, top) = (left + (cell - width) / 2, top + (cell - height) / 2);
        for (place, digit) in digits.bytes().enumerate() {
            let rows = DIGITS[usize::from(digit.saturating_sub(b'0')).min(9)];
            for (y, row) in rows.iter().enumerate() {
                for x in (0..3).filter(|x| row >> (2 - x) & 1 == 1) {
                    self.fill((left + (place * 4 + x) * scale, top + y * scale), scale, color);
                }
            }
        }
    }

    fn into_png(self) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        let size = u32::try_from(self.size).ok()?;
        let mut encoder = Encoder::new(&mut bytes, size, size);
        encoder.set_color(ColorType::Rgb);
        encoder.set_depth(BitDepth::Eight);
        // Into memory: nothing can go wrong but the size.
        encoder.write_header().and_then(|mut writer| writer.write_image_data(&self.pixels)).ok()?;
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_decodes_to_its_cells() {
        let picture = draw(&[vec![100, 0], vec![25, 75]]).unwrap();
        assert_eq!(picture.size, 96);
        let mut reader = png::Decoder::new(std::io::Cursor::new(picture.png)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        let at = |x: usize, y: usize| &pixels[3 * (y * 96 + x)..3 * (y * 96 + x) + 3];
        assert_eq!(at(1, 1), RIGHT, "all of the first class is found");
        assert_eq!(at(50, 1), LIGHT, "nothing of it is taken for the second");
        assert_eq!(at(1, 50), mix(LIGHT, WRONG, 0.5), "a quarter of the second is taken for the first");
    }

    #[test]
    fn every_size_can_be_drawn_or_is_refused() {
        for classes in [1, 2, 10, 17, 100, 256] {
            assert!(draw(&vec![vec![123_456; classes]; classes]).is_some(), "{classes}");
        }
        assert!(draw(&vec![vec![1; 257]; 257]).is_none());
    }
}
