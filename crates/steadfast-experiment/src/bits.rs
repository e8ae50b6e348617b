//! A floating-point number that is saved as its bits.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// An `f64` that survives text exactly, NaN and infinities included: sixteen hexadecimal digits of its bits.
#[derive(Debug, Clone, Copy, Default)]
pub struct Bits(pub f64);

impl PartialEq for Bits {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

impl Serialize for Bits {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:016x}", self.0.to_bits()))
    }
}

impl<'de> Deserialize<'de> for Bits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.len() != 16 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(D::Error::custom(format!("expected 16 hexadecimal digits, found {text:?}")));
        }
        u64::from_str_radix(&text, 16).map(|bits| Self(f64::from_bits(bits))).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_bit_pattern_survives(bits in any::<u64>()) {
            let text = serde_json::to_string(&Bits(f64::from_bits(bits))).unwrap();
            let back: Bits = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(back.0.to_bits(), bits);
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["\"\"", "\"1.0\"", "\"+00000000000000f\"", "1.0", "\"zzzzzzzzzzzzzzzz\""] {
            assert!(serde_json::from_str::<Bits>(text).is_err(), "{text}");
        }
    }
}
