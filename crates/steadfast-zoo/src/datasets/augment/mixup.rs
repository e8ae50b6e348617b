//! Mixing a batch with itself: Zhang et al., "mixup: Beyond Empirical Risk Minimization", 2018.

use steadfast_ops::Stream;

/// Which sample each sample of a batch is mixed with, and how much of itself it keeps.
///
/// Inputs become `weight * own + (1 - weight) * partner's`, and so does the loss: `weight` times the loss with the own
/// targets and the rest with those of the partners.
#[derive(Clone, Debug, PartialEq)]
pub struct Mix {
    /// Of each sample, its partner's place in the batch.
    pub partners: Vec<usize>,
    /// From 0 to 1, the same for the whole batch.
    pub weight: f64,
}

impl Mix {
    /// Draws partners as a permutation and the weight from Beta(alpha, alpha).
    pub(super) fn draw(stream: &mut Stream, alpha: f64, samples: usize) -> Self {
        let (own, other) = (gamma(stream, alpha), gamma(stream, alpha));
        let weight = if own + other > 0.0 { own / (own + other) } else { 1.0 };
        Self { partners: stream.permutation(samples), weight }
    }

    /// Mixes inputs of `sample_len` numbers each.
    #[expect(clippy::cast_possible_truncation, reason = "rounded to the precision of the inputs")]
    pub fn apply(&self, values: &mut [f32], sample_len: usize) {
        let partners = values.to_vec();
        let (own, other) = (self.weight as f32, (1.0 - self.weight) as f32);
        for (sample, &partner) in values.chunks_exact_mut(sample_len).zip(&self.partners) {
            for (value, partner) in sample.iter_mut().zip(&partners[partner * sample_len..]) {
                *value = own * *value + other * partner;
            }
        }
    }
}

/// Gamma(shape, 1) by Marsaglia and Tsang, "A Simple Method for Generating Gamma Variables", 2000; shapes below 1 are
/// brought above it by their section 6.
fn gamma(stream: &mut Stream, shape: f64) -> f64 {
    if shape < 1.0 {
        let boost = (1.0 - stream.uniform_f64()).powf(1.0 / shape);
        return gamma(stream, shape + 1.0) * boost;
    }
    let center = shape - 1.0 / 3.0;
    let spread = 1.0 / (9.0 * center).sqrt();
    loop {
        let normal = stream.normal();
        let cube = (1.0 + spread * normal).powi(3);
        let uniform = 1.0 - stream.uniform_f64();
        if cube > 0.0 && uniform.ln() < 0.5 * normal * normal + center - center * cube + center * cube.ln() {
            return center * cube;
        }
    }
}

#[cfg(test)]
mod tests {
    use steadfast_ops::{Purpose, Seed};

    use super::*;

    #[test]
    fn samples_are_mixed_with_their_partners() {
        let mix = Mix { partners: vec![1, 0], weight: 0.75 };
        let mut values = [0.0, 4.0, 8.0, 8.0];
        mix.apply(&mut values, 2);
        assert_eq!(values.map(f32::to_bits), [2.0, 5.0, 6.0, 7.0].map(f32::to_bits));
    }

    #[test]
    fn weights_have_the_moments_of_the_beta_distribution() {
        for (alpha, variance) in [(0.2, 0.25 / 1.4), (1.0, 1.0 / 12.0), (4.0, 0.25 / 9.0)] {
            let weights: Vec<f64> = (0..4000)
                .map(|index| Mix::draw(&mut Seed::new(5).stream(Purpose::Custom("mixup"), &[index]), alpha, 2).weight)
                .collect();
            let mean = weights.iter().sum::<f64>() / 4000.0;
            let spread = weights.iter().map(|weight| (weight - mean).powi(2)).sum::<f64>() / 4000.0;
            assert!((mean - 0.5).abs() < 0.03, "{alpha}: {mean}");
            assert!((spread / variance - 1.0).abs() < 0.1, "{alpha}: {spread} {variance}");
        }
    }

    #[test]
    fn each_sample_is_the_partner_of_one() {
        let mut mix = Mix::draw(&mut Seed::new(1).stream(Purpose::Custom("mixup"), &[0]), 0.2, 9);
        mix.partners.sort_unstable();
        assert_eq!(mix.partners, (0..9).collect::<Vec<_>>());
    }
}
