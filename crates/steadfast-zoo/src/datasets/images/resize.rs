//! Scaling by triangles with as much smoothing as the scale asks for, to the bit as Pillow does it.
//!
//! Source: `src/libImaging/Resample.c` of Pillow, `BILINEAR`, for images of 8 bits: the weights of each output pixel are
//! fixed-point numbers of 22 bits, columns and rows are done one after the other, and each pass rounds to bytes. Which
//! of them comes first is what Pillow 13 does, found out by comparing it with both orders for 1,500 random sizes.

use std::ops::Range;

use super::decode::Picture;

const PRECISION: u32 = 22;

/// Scales a picture to `scaled` (width, height) and keeps only these columns and rows of the result.
pub(super) fn resize(picture: Picture, scaled: (usize, usize), columns: Range<usize>, rows: Range<usize>) -> Picture {
    let (rows_lost, columns_lost) = (lost(picture.height, scaled.1), lost(picture.width, scaled.0));
    if rows_lost > 0 && rows_lost > 2 * columns_lost {
        let picture = resize_rows(picture, scaled.1, rows);
        return resize_columns(picture, scaled.0, columns);
    }
    let picture = resize_columns(picture, scaled.0, columns);
    resize_rows(picture, scaled.1, rows)
}

fn lost(before: usize, after: usize) -> isize {
    before.cast_signed() - after.cast_signed()
}

fn resize_columns(picture: Picture, scaled: usize, wanted: Range<usize>) -> Picture {
    let Picture { width, height, channels, pixels } = picture;
    let made = wanted.len();
    let pixels = match Weights::new(width, scaled, wanted.clone()) {
        None => cut_columns(pixels, width, channels, &wanted),
        Some(weights) => weights.scale_columns(&pixels, width, channels),
    };
    Picture { width: made, height, channels, pixels }
}

fn resize_rows(picture: Picture, scaled: usize, wanted: Range<usize>) -> Picture {
    let Picture { width, height, channels, pixels } = picture;
    let row_len = width * channels;
    let made = wanted.len();
    let pixels = match Weights::new(height, scaled, wanted.clone()) {
        None => pixels[wanted.start * row_len..wanted.end * row_len].to_vec(),
        Some(weights) => weights.scale_rows(&pixels, row_len),
    };
    Picture { width, height: made, channels, pixels }
}

fn cut_columns(pixels: Vec<u8>, width: usize, channels: usize, columns: &Range<usize>) -> Vec<u8> {
    if columns.len() == width {
        return pixels;
    }
    let cut = columns.start * channels..columns.end * channels;
    pixels.chunks_exact(width * channels).flat_map(|row| &row[cut.clone()]).copied().collect()
}

/// Which input pixels an output pixel is made of, and by which weights.
struct Weights {
    /// For each output pixel: the first input pixel, and where its weights stand.
    spans: Vec<(usize, Range<usize>)>,
    weights: Vec<i32>,
}

impl Weights {
    /// None if nothing is scaled.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "places in a row of pixels; rounding towards 0 is what the original does"
    )]
    fn new(input: usize, output: usize, wanted: Range<usize>) -> Option<Self> {
        if input == output {
            return None;
        }
        let scale = input as f64 / output as f64;
        let stretch = scale.max(1.0);
        let mut made = Self { spans: Vec::with_capacity(wanted.len()), weights: Vec::new() };
        for position in wanted {
            let center = (position as f64 + 0.5) * scale;
            let first = (center - stretch + 0.5).max(0.0) as usize;
            let last = ((center + stretch + 0.5) as usize).min(input);
            let triangle = |place: usize| {
                let distance = ((place as f64 - center + 0.5) / stretch).abs();
                (1.0 - distance).max(0.0)
            };
            let exact: Vec<f64> = (first..last).map(triangle).collect();
            let sum: f64 = exact.iter().sum();
            let start = made.weights.len();
            let fixed = |weight: &f64| (0.5 + weight / sum * f64::from(1 << PRECISION)) as i32;
            made.weights.extend(exact.iter().map(fixed));
            made.spans.push((first, start..made.weights.len()));
        }
        Some(made)
    }

    fn scale_columns(&self, pixels: &[u8], width: usize, channels: usize) -> Vec<u8> {
        let rows = pixels.len() / (width * channels);
        let mut out = Vec::with_capacity(rows * self.spans.len() * channels);
        for row in pixels.chunks_exact(width * channels) {
            for (first, range) in &self.spans {
                let weights = &self.weights[range.clone()];
                let input = &row[first * channels..(first + weights.len()) * channels];
                for channel in 0..channels {
                    let values = input.iter().skip(channel).step_by(channels);
                    out.push(rounded(
                        weights.iter().zip(values).map(|(weight, &value)| weight * i32::from(value)).sum(),
                    ));
                }
            }
        }
        out
    }

    fn scale_rows(&self, pixels: &[u8], row_len: usize) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.spans.len() * row_len);
        let mut sums = vec![0_i32; row_len];
        for (first, range) in &self.spans {
            sums.fill(0);
            for (offset, &weight) in self.weights[range.clone()].iter().enumerate() {
                let row = &pixels[(first + offset) * row_len..][..row_len];
                for (sum, &value) in sums.iter_mut().zip(row) {
                    *sum += weight * i32::from(value);
                }
            }
            out.extend(sums.iter().map(|&sum| rounded(sum)));
        }
        out
    }
}

#[expect(clippy::cast_sign_loss, reason = "clamped to a byte")]
fn rounded(sum: i32) -> u8 {
    ((sum + (1 << (PRECISION - 1))) >> PRECISION).clamp(0, 255) as u8
}
