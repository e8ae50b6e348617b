//! Random numbers as a function of a seed, a purpose and a counter: there is no generator to save.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};

/// What numbers are drawn for; each purpose has a stream of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Points of a random search.
    Random = 1,
    /// Candidates of the Parzen estimator.
    Candidates = 2,
}

/// A stream of numbers that begins anew wherever it is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Draws {
    generator: ChaCha8Rng,
}

impl Draws {
    /// The stream of the draw with this number.
    pub(crate) fn new(seed: u64, purpose: Purpose, number: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8] = purpose as u8;
        let mut generator = ChaCha8Rng::from_seed(key);
        generator.set_stream(number);
        Self { generator }
    }

    /// A number from 0 up to 1.
    pub(crate) fn unit(&mut self) -> f64 {
        // The 53 bits that a double holds.
        (self.generator.next_u64() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    /// A number of the standard normal distribution, by the method of Box and Muller (1958).
    pub(crate) fn normal(&mut self) -> f64 {
        let (radius, angle) = (1.0 - self.unit(), self.unit());
        libm::sqrt(-2.0 * libm::log(radius)) * libm::cos(core::f64::consts::TAU * angle)
    }

    /// The place of a part among weights, each as likely as its weight says.
    pub(crate) fn weighted(&mut self, weights: &[f64]) -> usize {
        let mut left = self.unit() * weights.iter().sum::<f64>();
        for (index, weight) in weights.iter().enumerate() {
            left -= weight;
            if left < 0.0 {
                return index;
            }
        }
        weights.len().saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_begins_anew_and_differs_from_the_others() {
        let first = |seed, purpose, number| Draws::new(seed, purpose, number).unit();
        let one = first(1, Purpose::Random, 0);
        assert_eq!(one.to_bits(), first(1, Purpose::Random, 0).to_bits());
        for other in [first(2, Purpose::Random, 0), first(1, Purpose::Candidates, 0), first(1, Purpose::Random, 1)] {
            assert_ne!(one.to_bits(), other.to_bits());
        }
    }

    #[test]
    fn normal_numbers_have_their_mean_and_deviation() {
        let mut draws = Draws::new(0, Purpose::Random, 0);
        let numbers: Vec<f64> = (0..10_000).map(|_| draws.normal()).collect();
        let mean = numbers.iter().sum::<f64>() / 1e4;
        let variance = numbers.iter().map(|number| (number - mean).powi(2)).sum::<f64>() / 1e4;
        assert!(mean.abs() < 0.05 && (variance - 1.0).abs() < 0.05, "{mean} {variance}");
    }

    #[test]
    fn weights_are_kept() {
        let mut draws = Draws::new(0, Purpose::Random, 0);
        let hits = (0..1000).filter(|_| draws.weighted(&[1.0, 0.0, 3.0]) == 2).count();
        assert!((700..800).contains(&hits), "{hits}");
    }
}
