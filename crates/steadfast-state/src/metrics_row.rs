//! One row of measurements.

use serde_json::{Map, Value};

/// A measurement as it is written into a row.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum MetricValue {
    /// A count.
    Count(u64),
    /// A measurement; NaN and the infinities are written as the strings `NaN`, `Infinity` and `-Infinity`.
    Number(f64),
    /// A word.
    Text(String),
    /// Anything else that JSON can say.
    Json(Value),
}

/// One line of `metrics.jsonl`: names and values in the order in which they were added.
///
/// # Example
///
/// ```
/// use steadfast_state::MetricsRow;
///
/// let row = MetricsRow::new().with("epoch", 1_u64).with("train_loss", 0.25).with("val_loss", f64::NAN);
/// assert_eq!(row.to_json_line(), "{\"epoch\":1,\"train_loss\":0.25,\"val_loss\":\"NaN\"}\n");
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MetricsRow {
    values: Vec<(String, MetricValue)>,
}

impl MetricsRow {
    /// A row without values.
    pub fn new() -> Self {
        Self::default()
    }

    /// The row with one more value; a name that is there already gets the new value in its old place.
    #[must_use = "the row is returned, not changed in place"]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<MetricValue>) -> Self {
        self.set(name, value);
        self
    }

    /// Adds one value; a name that is there already gets the new value in its old place.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<MetricValue>) {
        let (name, value) = (name.into(), value.into());
        match self.values.iter_mut().find(|(existing, _)| *existing == name) {
            Some((_, old)) => *old = value,
            None => self.values.push((name, value)),
        }
    }

    /// Names and values in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &MetricValue)> {
        self.values.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// The row as one line of compact JSON with its line end.
    pub fn to_json_line(&self) -> String {
        let mut line = String::from("{");
        for (index, (name, value)) in self.values.iter().enumerate() {
            if index > 0 {
                line.push(',');
            }
            line.push_str(&Value::from(name.as_str()).to_string());
            line.push(':');
            line.push_str(&value.to_json().to_string());
        }
        line.push_str("}\n");
        line
    }
}

impl MetricValue {
    /// The value as JSON; JSON has no word for NaN and the infinities, so they become strings.
    fn to_json(&self) -> Value {
        match self {
            Self::Count(count) => Value::from(*count),
            Self::Number(number) if number.is_nan() => Value::from("NaN"),
            Self::Number(number) if *number == f64::INFINITY => Value::from("Infinity"),
            Self::Number(number) if *number == f64::NEG_INFINITY => Value::from("-Infinity"),
            Self::Number(number) => Value::from(*number),
            Self::Text(text) => Value::from(text.as_str()),
            Self::Json(value) => value.clone(),
        }
    }
}

impl From<u64> for MetricValue {
    fn from(count: u64) -> Self {
        Self::Count(count)
    }
}

impl From<usize> for MetricValue {
    fn from(count: usize) -> Self {
        Self::Count(count as u64)
    }
}

impl From<f64> for MetricValue {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for MetricValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for MetricValue {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Value> for MetricValue {
    fn from(value: Value) -> Self {
        Self::Json(value)
    }
}

impl From<&Map<String, Value>> for MetricsRow {
    fn from(map: &Map<String, Value>) -> Self {
        map.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}

impl<K: Into<String>, V: Into<MetricValue>> FromIterator<(K, V)> for MetricsRow {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(values: I) -> Self {
        let mut row = Self::new();
        for (name, value) in values {
            row.set(name, value);
        }
        row
    }
}

#[cfg(test)]
mod tests {
    use super::{MetricValue, MetricsRow};

    #[test]
    fn order_of_adding_is_order_of_writing() {
        let row = MetricsRow::new().with("step", 7_u64).with("b", 1.0).with("a", "x").with("step", 8_u64);
        assert_eq!(row.to_json_line(), "{\"step\":8,\"b\":1.0,\"a\":\"x\"}\n");
    }

    #[test]
    fn what_json_cannot_say_is_said_in_words() {
        let row: MetricsRow =
            [("a", f64::NAN), ("b", f64::INFINITY), ("c", f64::NEG_INFINITY), ("d", -0.0)].into_iter().collect();
        assert_eq!(row.to_json_line(), "{\"a\":\"NaN\",\"b\":\"Infinity\",\"c\":\"-Infinity\",\"d\":-0.0}\n");
    }

    #[test]
    fn control_characters_never_split_a_line() {
        let row = MetricsRow::new().with("a\nb", "c\r\n\u{1b}d").with("j", MetricValue::from(serde_json::json!([1])));
        let line = row.to_json_line();
        assert_eq!(line.matches('\n').count(), 1);
        assert!(!line.contains('\u{1b}'));
    }
}
