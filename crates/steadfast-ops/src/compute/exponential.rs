//! Elementary functions in f32 that the compiler can turn into vector code.
//!
//! They consist of additions, multiplications and comparisons only, without calls and without branches; a fused
//! multiply-add is never asked for, so the bits are the same on every processor.

/// `e^x`, to within two units in the last place; the method and coefficients of Moshier's Cephes library (`expf`).
#[inline(always)]
pub(super) fn exponential(x: f32) -> f32 {
    // Adding 1.5 * 2^23 rounds to a whole number, which then stands in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    // Beyond these the result is zero or infinite anyway. Comparisons rather than `clamp`: they let NaN through.
    let x = if x > 89.0 { 89.0 } else { x };
    let x = if x < -104.0 { -104.0 } else { x };
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let whole = shifted - ROUND;
    let rest = (x - whole * LN_2_HIGH) - whole * LN_2_LOW;
    let mut series = 1.987_569_1e-4 * rest + 1.398_199_9e-3;
    series = series * rest + 8.333_452e-3;
    series = series * rest + 4.166_579_6e-2;
    series = series * rest + 1.666_666_5e-1;
    series = series * rest + 0.5;
    let fraction = series * rest * rest + rest + 1.0;
    // Two steps, because 2^128 and the denormals are not reached in one.
    let exponent = shifted.to_bits().cast_signed().wrapping_sub(ROUND.to_bits().cast_signed());
    let half = exponent >> 1;
    fraction * power_of_two(half) * power_of_two(exponent.wrapping_sub(half))
}

/// The error function as a quotient of polynomials on -4..4, beyond which it is one in f32; the approximation of the
/// Eigen library (`erf`, single precision).
#[inline(always)]
pub(super) fn error_function(x: f32) -> f32 {
    let x = if x > 4.0 { 4.0 } else { x };
    let x = if x < -4.0 { -4.0 } else { x };
    let square = x * x;
    let mut above = -2.726_142_3e-10 * square + 2.770_681_4e-8;
    above = above * square - 2.101_024e-6;
    above = above * square - 5.692_506_4e-5;
    above = above * square - 7.349_906_3e-4;
    above = above * square - 2.954_6e-3;
    above = above * square - 1.609_603_3e-2;
    let mut below = -1.456_607_1e-5 * square - 2.133_740_6e-4;
    below = below * square - 1.682_827e-3;
    below = below * square - 7.373_329_2e-3;
    below = below * square - 1.426_473_9e-2;
    x * above / below
}

#[inline(always)]
const fn power_of_two(exponent: i32) -> f32 {
    f32::from_bits(exponent.wrapping_add(127).cast_unsigned() << 23)
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "the tests round on purpose")]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_is_exact_to_two_units() {
        let mut worst = 0.0_f64;
        for step in -87_000..88_000 {
            let x = step as f32 * 1e-3;
            let exact = libm::exp(f64::from(x));
            worst = worst.max((f64::from(exponential(x)) - exact).abs() / exact);
        }
        assert!(worst < 2.0 * f64::from(f32::EPSILON), "relative error {worst:e}");
    }

    #[test]
    fn the_exponential_at_the_ends() {
        assert_eq!(exponential(0.0).to_bits(), 1.0_f32.to_bits());
        assert_eq!(exponential(f32::NEG_INFINITY).to_bits(), 0.0_f32.to_bits());
        assert!(exponential(f32::INFINITY).is_infinite());
        assert!(exponential(f32::NAN).is_nan());
        assert!(exponential(-100.0) > 0.0, "denormal results are kept");
        assert!((f64::from(exponential(88.7)) / libm::exp(f64::from(88.7_f32)) - 1.0).abs() < 3e-7);
    }

    #[test]
    fn the_error_function_is_close() {
        for step in -6_000..6_000 {
            let x = f64::from(step) * 1e-3;
            let error = (f64::from(error_function(x as f32)) - libm::erf(f64::from(x as f32))).abs();
            assert!(error < 5e-7, "erf({x}): error {error:e}");
        }
    }
}
