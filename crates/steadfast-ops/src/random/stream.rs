//! One stream of random numbers and the conversions from its bits.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::RngCore;

/// A stream of random numbers, read from one position onwards.
///
/// The bits come from `ChaCha8`; every conversion from bits to numbers is written here, because the conversions of the
/// `rand` crate may change between its versions.
/// All results are the same bits on every platform: where a logarithm or a cosine is needed, the software ones of
/// `libm` are used, not the platform's.
#[derive(Clone, Debug)]
pub struct Stream {
    generator: ChaCha8Rng,
}

impl Stream {
    pub(super) fn new(generator: ChaCha8Rng) -> Self {
        Self { generator }
    }

    /// The next 32 bits: one word of the stream.
    pub fn next_u32(&mut self) -> u32 {
        self.generator.next_u32()
    }

    /// The next 64 bits: two words, the lower half first.
    pub fn next_u64(&mut self) -> u64 {
        let low = u64::from(self.next_u32());
        low | (u64::from(self.next_u32()) << 32)
    }

    /// A number in `0.0..1.0` with 24 random bits; takes one word.
    pub fn uniform_f32(&mut self) -> f32 {
        // 24 bits and the power of two are both exact in an f32.
        (self.next_u32() >> 8) as f32 * (1.0 / 16_777_216.0)
    }

    /// A number in `0.0..1.0` with 53 random bits; takes two words.
    pub fn uniform_f64(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
    }

    /// Two independent numbers of the standard normal distribution; takes four words.
    ///
    /// Box and Muller's method: unlike the faster rejection methods it takes a fixed number of words, so that any
    /// position of a buffer can be computed on its own.
    pub fn normal_pair(&mut self) -> (f64, f64) {
        // 1 - u lies in (0, 1], where the logarithm is finite.
        let radius = libm::sqrt(-2.0 * libm::log(1.0 - self.uniform_f64()));
        let (sine, cosine) = libm::sincos(std::f64::consts::TAU * self.uniform_f64());
        (radius * cosine, radius * sine)
    }

    /// One number of the standard normal distribution; takes four words.
    pub fn normal(&mut self) -> f64 {
        self.normal_pair().0
    }

    /// A whole number in `0..bound`, every one equally likely; `bound` 0 gives 0.
    ///
    /// Lemire's multiplication method, with rejection where the plain product would prefer some numbers.
    pub fn below(&mut self, bound: u64) -> u64 {
        let mut product = u128::from(self.next_u64()) * u128::from(bound);
        if (lower_half(product)) < bound {
            let threshold = bound.wrapping_neg() % bound.max(1);
            while lower_half(product) < threshold {
                product = u128::from(self.next_u64()) * u128::from(bound);
            }
        }
        upper_half(product)
    }

    /// Whether an event of this probability happens; takes two words.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.uniform_f64() < probability
    }

    /// Brings the items into a random order, every order equally likely (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let chosen = self.below(last as u64 + 1);
            items.swap(last, usize::try_from(chosen).unwrap_or(last));
        }
    }

    /// The numbers `0..count` in a random order.
    pub fn permutation(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        self.shuffle(&mut order);
        order
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the lower half is what is wanted")]
const fn lower_half(product: u128) -> u64 {
    product as u64
}

const fn upper_half(product: u128) -> u64 {
    (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::random::{Purpose, Seed};

    #[test]
    fn bounded_numbers_have_no_preference() {
        let mut stream = Seed::new(3).stream(Purpose::Custom("dice"), &[]);
        let mut counts = [0_u32; 6];
        for _ in 0..60_000 {
            counts[usize::try_from(stream.below(6)).unwrap()] += 1;
        }
        // Five standard deviations of a binomial count around its mean of 10,000.
        assert!(counts.iter().all(|&count| count.abs_diff(10_000) < 460), "{counts:?}");
    }

    #[test]
    fn normal_numbers_have_mean_zero_and_variance_one() {
        let mut stream = Seed::new(4).stream(Purpose::Custom("bell"), &[]);
        let (mut sum, mut squares, mut beyond_two) = (0.0, 0.0, 0);
        for _ in 0..50_000 {
            let (first, second) = stream.normal_pair();
            for value in [first, second] {
                sum += value;
                squares += value * value;
                beyond_two += i32::from(value.abs() > 2.0);
            }
        }
        assert!((sum / 1e5).abs() < 0.016, "mean {}", sum / 1e5);
        assert!((squares / 1e5 - 1.0).abs() < 0.023, "variance {}", squares / 1e5);
        // 4.55 % of a normal distribution lies beyond two deviations.
        assert!((f64::from(beyond_two) / 1e5 - 0.0455).abs() < 0.0033, "{beyond_two}");
    }

    #[test]
    fn no_bound_and_bound_one_give_zero() {
        let mut stream = Seed::new(5).stream(Purpose::Split, &[]);
        assert_eq!((stream.below(0), stream.below(1)), (0, 0));
        assert_eq!(stream.permutation(0), Vec::<usize>::new());
    }

    proptest! {
        #[test]
        fn bounded_numbers_stay_below_the_bound(seed: u64, bound in 1_u64..) {
            prop_assert!(Seed::new(seed).stream(Purpose::Split, &[]).below(bound) < bound);
        }

        #[test]
        fn a_permutation_holds_every_number_once(seed: u64, count in 0_usize..200) {
            let mut order = Seed::new(seed).stream(Purpose::Shuffle, &[1]).permutation(count);
            order.sort_unstable();
            prop_assert_eq!(order, (0..count).collect::<Vec<_>>());
        }
    }
}
