//! From the digits of a JSON number to an exact integer or a finite float.

use std::fmt;

/// Why a number that is written correctly cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NumberError {
    /// An integer was asked for, and this is none.
    Fraction,
    /// No integer of 64 bits holds it.
    IntegerRange,
    /// Larger than every 64-bit float.
    TooLarge,
    /// Not zero, but smaller than every 64-bit float.
    TooSmall,
}

impl fmt::Display for NumberError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fraction => "it has a fraction",
            Self::IntegerRange => "it does not fit into 64 bits",
            Self::TooLarge => "it is too large for a 64-bit float",
            Self::TooSmall => "it is too small for a 64-bit float and would become 0",
        })
    }
}

/// The nearest 64-bit float.
pub(crate) fn float(text: &str) -> Result<f64, NumberError> {
    let value: f64 = text.parse().map_err(|_| NumberError::TooLarge)?;
    if !value.is_finite() {
        return Err(NumberError::TooLarge);
    }
    let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
    if value == 0.0 && mantissa.contains(|c: char| matches!(c, '1'..='9')) {
        return Err(NumberError::TooSmall);
    }
    Ok(value)
}

/// The integer that `text` stands for; `1e3` and `20.0` are integers, `-0` is 0.
///
/// Exact for every integer of 64 bits: nothing goes through a float.
pub(crate) fn integer(text: &str) -> Result<i128, NumberError> {
    let (negative, unsigned) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let digits = all.trim_end_matches('0');
    if digits.trim_start_matches('0').is_empty() {
        return Ok(0);
    }
    // The value is `digits` times ten to the power of `scale`.
    let dropped = all.len() - digits.len();
    let shift = i64::try_from(dropped).unwrap_or(i64::MAX) - i64::try_from(fraction.len()).unwrap_or(i64::MAX);
    let scale = exponent_of(exponent).saturating_add(shift);
    let scale =
        u32::try_from(scale).map_err(|_| if scale < 0 { NumberError::Fraction } else { NumberError::IntegerRange })?;
    let value = digits
        .parse::<u128>()
        .ok()
        .and_then(|digits| digits.checked_mul(10_u128.checked_pow(scale)?))
        .and_then(|value| i128::try_from(value).ok())
        .ok_or(NumberError::IntegerRange)?;
    Ok(if negative { -value } else { value })
}

/// The exponent, as far as 64 bits reach; one beyond that is as good as infinite.
fn exponent_of(text: &str) -> i64 {
    text.parse().unwrap_or(if text.starts_with('-') { i64::MIN } else { i64::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_exact_however_they_are_written() {
        for (text, value) in [
            ("0", 0),
            ("-0", 0),
            ("0e99999999999999999999", 0),
            ("1e3", 1_000),
            ("1.50e1", 15),
            ("20.0", 20),
            ("1200e-2", 12),
            ("-7", -7),
            ("18446744073709551615", i128::from(u64::MAX)),
            ("1.8446744073709551615e19", i128::from(u64::MAX)),
        ] {
            assert_eq!(integer(text), Ok(value), "{text}");
        }
    }

    #[test]
    fn everything_else_is_refused_for_the_right_reason() {
        for text in ["0.5", "1e-1", "1.5", "1e-99999999999999999999", "15e-1"] {
            assert_eq!(integer(text), Err(NumberError::Fraction), "{text}");
        }
        for text in ["1e400", "1e99999999999999999999", &"9".repeat(60)] {
            assert_eq!(integer(text), Err(NumberError::IntegerRange), "{text}");
        }
    }

    #[test]
    fn floats_are_finite_and_not_silently_zero() {
        assert_eq!(float("1e400"), Err(NumberError::TooLarge));
        assert_eq!(float("-1e400"), Err(NumberError::TooLarge));
        assert_eq!(float("1e-400"), Err(NumberError::TooSmall));
        assert_eq!(float("0e-400"), Ok(0.0));
        assert_eq!(float("5e-324").map(f64::to_bits), Ok(1));
        assert_eq!(float("-0").map(f64::to_bits), Ok((-0.0_f64).to_bits()));
    }
}
