//! Where the values of one key are drawn from.

use serde_json::Value;

use crate::point::is_equal;

/// Digits of a drawn number: enough for a search, and few enough to be typed again.
const DIGITS: usize = 6;

/// What is drawn for one key.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// The key of the config.
    pub key: String,
    /// Where its values come from.
    pub distribution: Distribution,
}

/// Where values come from. Every one of them is a line from 0 to 1, so that a sampler need not know which it is.
#[derive(Debug, Clone, PartialEq)]
pub enum Distribution {
    /// Numbers, each as likely as any other.
    Uniform {
        /// The least.
        min: f64,
        /// The largest.
        max: f64,
    },
    /// Positive numbers whose logarithms are each as likely as any other.
    LogUniform {
        /// The least.
        min: f64,
        /// The largest.
        max: f64,
    },
    /// Whole numbers.
    Int {
        /// The least.
        min: i64,
        /// The largest.
        max: i64,
    },
    /// Positive whole numbers, the small ones closer to each other.
    LogInt {
        /// The least.
        min: i64,
        /// The largest.
        max: i64,
    },
    /// One of these, without any order among them.
    Choice(Vec<Value>),
}

impl Distribution {
    /// The value at a place of the line, `0 <= place < 1`.
    pub fn at(&self, place: f64) -> Value {
        let place = place.clamp(0.0, 1.0);
        match self {
            Self::Uniform { min, max } => rounded(min + place * (max - min), (*min, *max)).into(),
            Self::LogUniform { min, max } => {
                let (low, high) = (libm::log(*min), libm::log(*max));
                rounded(libm::exp(low + place * (high - low)), (*min, *max)).into()
            }
            Self::Int { min, max } => nearest(*min as f64 - 0.5 + place * width(*min, *max), (*min, *max)).into(),
            Self::LogInt { min, max } => {
                let (low, high) = log_ends(*min, *max);
                nearest(libm::exp(low + place * (high - low)), (*min, *max)).into()
            }
            Self::Choice(values) => values.get(index(place, values.len())).cloned().unwrap_or_default(),
        }
    }

    /// The place of a value on the line; for a whole number or a choice, the middle of the part that it takes.
    pub fn place_of(&self, value: &Value) -> Option<f64> {
        let number = || value.as_f64();
        let place = match self {
            Self::Uniform { min, max } => fraction(number()?, (*min, *max)),
            Self::LogUniform { min, max } => fraction(libm::log(number()?), (libm::log(*min), libm::log(*max))),
            Self::Int { min, max } => (number()? - *min as f64 + 0.5) / width(*min, *max),
            Self::LogInt { min, max } => fraction(libm::log(number()?), log_ends(*min, *max)),
            Self::Choice(values) => {
                let at = values.iter().position(|own| is_equal(own, value))?;
                (at as f64 + 0.5) / values.len() as f64
            }
        };
        place.is_finite().then_some(place.clamp(0.0, 1.0))
    }

    /// How many values there are, where they can be counted.
    pub fn count(&self) -> Option<u64> {
        match self {
            Self::Uniform { .. } | Self::LogUniform { .. } => None,
            Self::Int { min, max } | Self::LogInt { min, max } => max.abs_diff(*min).checked_add(1),
            Self::Choice(values) => Some(values.len() as u64),
        }
    }

    /// Values that stand for all of them when a config is checked: the ends of a range, every choice.
    pub fn corners(&self) -> Vec<Value> {
        match self {
            Self::Choice(values) => values.clone(),
            Self::Uniform { min, max } | Self::LogUniform { min, max } => vec![(*min).into(), (*max).into()],
            Self::Int { min, max } | Self::LogInt { min, max } => vec![(*min).into(), (*max).into()],
        }
    }
}

fn width(min: i64, max: i64) -> f64 {
    max.abs_diff(min) as f64 + 1.0
}

/// Every whole number gets its share of the logarithmic line: half a number more on either side.
fn log_ends(min: i64, max: i64) -> (f64, f64) {
    (libm::log(min as f64 - 0.5), libm::log(max as f64 + 0.5))
}

fn fraction(value: f64, (low, high): (f64, f64)) -> f64 {
    if high > low { (value - low) / (high - low) } else { 0.5 }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place from 0 to 1 times a length")]
fn index(place: f64, length: usize) -> usize {
    ((place * length as f64) as usize).min(length.saturating_sub(1))
}

#[expect(clippy::cast_possible_truncation, reason = "the cast saturates, and the clamp keeps the range")]
fn nearest(value: f64, (min, max): (i64, i64)) -> i64 {
    (libm::round(value) as i64).clamp(min, max)
}

/// The number with few digits, still inside its range.
fn rounded(value: f64, (min, max): (f64, f64)) -> f64 {
    let text = format!("{value:.*e}", DIGITS - 1);
    text.parse().unwrap_or(value).clamp(min, max)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_line_is_the_whole_range() {
        let uniform = Distribution::Uniform { min: -1.0, max: 3.0 };
        assert_eq!([0.0, 0.5, 1.0].map(|place| uniform.at(place)), [json!(-1.0), json!(1.0), json!(3.0)]);
        let log = Distribution::LogUniform { min: 1e-4, max: 1e-2 };
        assert_eq!([0.0, 0.5, 1.0].map(|place| log.at(place)), [json!(1e-4), json!(1e-3), json!(1e-2)]);
        let int = Distribution::Int { min: 2, max: 4 };
        assert_eq!([0.0, 0.34, 0.67, 1.0].map(|place| int.at(place)), [json!(2), json!(3), json!(4), json!(4)]);
        let choice = Distribution::Choice(vec![json!("a"), json!([1, 2])]);
        assert_eq!(
            [0.0, 0.49, 0.5, 1.0].map(|place| choice.at(place)),
            [json!("a"), json!("a"), json!([1, 2]), json!([1, 2])]
        );
    }

    #[test]
    fn numbers_have_few_digits() {
        let log = Distribution::LogUniform { min: 1e-5, max: 1e-1 };
        // python3 -c "print(10 ** (-5 + 4 * 0.612345678))"
        assert_eq!(log.at(0.612_345_678).to_string(), "0.00281438");
        assert_eq!(Distribution::Uniform { min: 0.0, max: 0.7 }.at(1.0 / 3.0).to_string(), "0.233333");
    }

    fn any_distribution() -> impl Strategy<Value = Distribution> {
        prop_oneof![
            (-1e6..1e6, 1e-3..1e6).prop_map(|(min, width)| Distribution::Uniform { min, max: min + width }),
            (1e-9..1e3, 1.01..1e9).prop_map(|(min, factor)| Distribution::LogUniform { min, max: min * factor }),
            (any::<i32>(), 0..1000)
                .prop_map(|(min, more)| Distribution::Int { min: min.into(), max: i64::from(min) + i64::from(more) }),
            (1_i64..1000, 0_i64..100_000).prop_map(|(min, more)| Distribution::LogInt { min, max: min + more }),
            (1_usize..9).prop_map(|count| Distribution::Choice((0..count).map(Value::from).collect())),
        ]
    }

    proptest! {
        #[test]
        fn what_is_drawn_has_a_place_that_leads_back(distribution in any_distribution(), place in 0.0..1.0) {
            let value = distribution.at(place);
            let again = distribution.place_of(&value).unwrap();
            prop_assert!((0.0..=1.0).contains(&again));
            prop_assert_eq!(distribution.at(again), value);
        }

        #[test]
        fn nothing_leaves_its_range(distribution in any_distribution(), place in -1.0..2.0) {
            let value = distribution.at(place);
            let corners = distribution.corners();
            if let (Some(number), Distribution::Uniform { .. } | Distribution::LogUniform { .. }) = (value.as_f64(), &distribution) {
                prop_assert!(corners[0].as_f64().unwrap() <= number && number <= corners[1].as_f64().unwrap());
            }
        }
    }
}
