//! Named figures, and their means over an epoch kept so exactly that a resume cannot be seen in them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::Bits;

/// Named figures in the order they were measured.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Metrics(Vec<(String, Bits)>);

impl Metrics {
    /// No figures yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a figure, or replaces the one of that name.
    pub fn set(&mut self, name: impl Into<String>, value: f64) {
        let name = name.into();
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = Bits(value),
            None => self.0.push((name, Bits(value))),
        }
    }

    /// The figure of that name.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.0)
    }

    /// All figures in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, f64)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.0))
    }

    /// All names in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// Appends the figures to a JSON object; what JSON has no number for becomes a text such as `"NaN"`.
    pub fn write_into(&self, row: &mut Map<String, Value>) {
        for (name, value) in self.iter() {
            row.insert(name.to_owned(), json_number(value));
        }
    }
}

impl<N: Into<String>> FromIterator<(N, f64)> for Metrics {
    fn from_iter<I: IntoIterator<Item = (N, f64)>>(figures: I) -> Self {
        let mut metrics = Self::new();
        for (name, value) in figures {
            metrics.set(name, value);
        }
        metrics
    }
}

/// A JSON number, or the text `NaN`, `Infinity` or `-Infinity`: JSON would turn these into `null`.
pub fn json_number(value: f64) -> Value {
    serde_json::Number::from_f64(value).map_or_else(
        || {
            let text = match value {
                value if value.is_nan() => "NaN",
                value if value > 0.0 => "Infinity",
                _ => "-Infinity",
            };
            Value::String(text.to_owned())
        },
        Value::Number,
    )
}

/// Means of the training figures over the samples of one epoch, as running sums.
///
/// The sums are part of the checkpoint, bit for bit, so that an epoch interrupted in the middle ends with the same
/// means as one that was not.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Accumulator {
    samples: u64,
    sums: Vec<(String, Bits)>,
}

impl Accumulator {
    /// Adds the means of one step over its `samples`.
    pub fn add(&mut self, samples: u64, metrics: &[(&'static str, f64)]) {
        self.samples += samples;
        for (position, (name, mean)) in metrics.iter().enumerate() {
            let weighted = mean * samples as f64;
            match self.sums.get_mut(position) {
                Some((known, sum)) if known == name => sum.0 += weighted,
                _ => self.add_by_name(name, weighted),
            }
        }
    }

    /// The slow way, for the first step and for figures that come and go.
    fn add_by_name(&mut self, name: &str, weighted: f64) {
        match self.sums.iter_mut().find(|(known, _)| known == name) {
            Some((_, sum)) => sum.0 += weighted,
            None => self.sums.push((name.to_owned(), Bits(weighted))),
        }
    }

    /// The means over all samples so far.
    pub fn means(&self) -> Metrics {
        let samples = self.samples as f64;
        self.sums.iter().map(|(name, sum)| (name.clone(), sum.0 / samples)).collect()
    }

    /// Starts the next epoch.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn means_are_weighted_by_samples() {
        let mut accumulator = Accumulator::default();
        accumulator.add(3, &[("train_loss", 1.0)]);
        accumulator.add(1, &[("train_loss", 5.0)]);
        assert_eq!(accumulator.means().get("train_loss"), Some(2.0));
    }

    #[test]
    fn what_json_cannot_say_is_said_in_words() {
        let mut row = Map::new();
        Metrics::from_iter([("a", f64::NAN), ("b", f64::NEG_INFINITY), ("c", 0.5)]).write_into(&mut row);
        assert_eq!(Value::Object(row).to_string(), r#"{"a":"NaN","b":"-Infinity","c":0.5}"#);
    }

    proptest! {
        #[test]
        fn sums_survive_a_checkpoint_bit_for_bit(values in prop::collection::vec(any::<f64>(), 1..20), cut in 0usize..20) {
            let cut = cut.min(values.len());
            let mut whole = Accumulator::default();
            let mut first = Accumulator::default();
            for value in &values { whole.add(7, &[("x", *value)]); }
            for value in &values[..cut] { first.add(7, &[("x", *value)]); }
            let text = serde_json::to_string(&first).unwrap();
            let mut second: Accumulator = serde_json::from_str(&text).unwrap();
            for value in &values[cut..] { second.add(7, &[("x", *value)]); }
            prop_assert_eq!(serde_json::to_string(&whole).unwrap(), serde_json::to_string(&second).unwrap());
        }
    }
}
