//! Filling whole buffers with random numbers, in parallel and with the same bits for every thread count.

use super::StreamKey;
use crate::compute::{Real, for_each_chunk};

/// Elements per task. Even, because normal numbers come in pairs.
const CHUNK: usize = 8192;

impl StreamKey {
    /// Fills `values` with numbers spread evenly over `low..high`; element `i` is made of word `i` of the stream.
    ///
    /// They are computed in f64 and rounded once, so an f32 buffer holds the rounded numbers of an f64 buffer, and
    /// `high` itself can appear by rounding.
    pub fn fill_uniform<T: Real>(&self, values: &mut [T], low: f64, high: f64) {
        let width = (high - low) / 4_294_967_296.0;
        for_each_chunk(values, CHUNK, |start, chunk| {
            let mut stream = self.stream_at(start as u64);
            for value in chunk {
                *value = T::from_f64(low + width * f64::from(stream.next_u32()));
            }
        });
    }

    /// Fills `values` with normal numbers; elements `2i` and `2i + 1` are made of words `4i..4i + 4` of the stream.
    pub fn fill_normal<T: Real>(&self, values: &mut [T], mean: f64, deviation: f64) {
        for_each_chunk(values, CHUNK, |start, chunk| {
            let mut stream = self.stream_at(2 * start as u64);
            for pair in chunk.chunks_mut(2) {
                let (first, second) = stream.normal_pair();
                for (value, drawn) in pair.iter_mut().zip([first, second]) {
                    *value = T::from_f64(mean + deviation * drawn);
                }
            }
        });
    }

    /// Writes `scale` where an element is kept and zero where it is dropped; element `i` is made of word `i`.
    ///
    /// `start` is the position of the first element of `mask` in the whole stream.
    pub(crate) fn keep_mask<T: Real>(&self, start: usize, mask: &mut [T], keep: f64, scale: T) {
        // Compared with 2^32 rather than 2^32 - 1, so that a probability of one keeps everything.
        let threshold = keep * 4_294_967_296.0;
        let mut stream = self.stream_at(start as u64);
        for value in mask {
            *value = if f64::from(stream.next_u32()) < threshold { scale } else { T::ZERO };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Seed};

    fn key() -> StreamKey {
        Seed::new(11).key(Purpose::Parameter("w"), &[])
    }

    #[test]
    fn a_longer_buffer_begins_with_the_shorter_one() {
        let mut short = vec![0.0_f32; 10_001];
        let mut long = vec![0.0_f32; 30_000];
        key().fill_uniform(&mut short, -1.0, 1.0);
        key().fill_uniform(&mut long, -1.0, 1.0);
        assert_eq!(short, long[..short.len()]);
        key().fill_normal(&mut short, 0.0, 1.0);
        key().fill_normal(&mut long, 0.0, 1.0);
        assert_eq!(short, long[..short.len()]);
    }

    #[test]
    fn the_single_precision_numbers_are_the_rounded_double_ones() {
        let (mut single, mut double) = (vec![0.0_f32; 999], vec![0.0_f64; 999]);
        key().fill_normal(&mut single, 0.5, 2.0);
        key().fill_normal(&mut double, 0.5, 2.0);
        #[expect(clippy::cast_possible_truncation, reason = "rounding is what is compared")]
        let rounded: Vec<f32> = double.iter().map(|&value| value as f32).collect();
        assert_eq!(single, rounded);
    }

    #[test]
    fn uniform_numbers_fill_their_range() {
        let mut values = vec![0.0_f64; 20_000];
        key().fill_uniform(&mut values, 2.0, 5.0);
        let mean = values.iter().sum::<f64>() / 20_000.0;
        assert!(values.iter().all(|value| (2.0..5.0).contains(value)));
        assert!((mean - 3.5).abs() < 0.03, "mean {mean}");
    }

    #[test]
    fn the_number_of_threads_does_not_matter() {
        let filled = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let mut values = [vec![0.0_f32; 50_001], vec![0.0_f32; 50_001]];
            pool.install(|| {
                key().fill_uniform(&mut values[0], 0.0, 1.0);
                key().fill_normal(&mut values[1], 0.0, 1.0);
            });
            values
        };
        assert!(filled(1) == filled(2) && filled(1) == filled(3));
    }

    #[test]
    fn a_mask_keeps_the_asked_share() {
        let mut mask = vec![0.0_f32; 40_000];
        key().keep_mask(0, &mut mask, 0.75, 4.0 / 3.0);
        let kept = mask.iter().filter(|&&value| value != 0.0).count();
        assert!(kept.abs_diff(30_000) < 450, "kept {kept}");
        key().keep_mask(0, &mut mask, 1.0, 1.0);
        assert_eq!(mask, vec![1.0; 40_000]);
    }
}
