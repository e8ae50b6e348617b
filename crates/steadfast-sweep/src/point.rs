//! One place in a search space: what is set, and to what.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Keys of a config with their values, in the order in which the sweep names them.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Point(Vec<(String, Value)>);

impl Point {
    /// A point that sets nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same point with one more key.
    #[must_use = "the point is returned, not changed in place"]
    pub fn with(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.0.push((key.into(), value.into()));
        self
    }

    /// Everything that is set, in order.
    pub fn settings(&self) -> &[(String, Value)] {
        &self.0
    }

    /// What a key is set to.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// Whether everything that `other` sets is set here to an equal value.
    pub fn agrees_with(&self, other: &Self) -> bool {
        other.0.iter().all(|(key, value)| self.get(key).is_some_and(|own| is_equal(own, value)))
    }

    /// The settings of both, those of `self` first.
    #[must_use = "the point is returned, not changed in place"]
    pub fn joined(&self, other: &Self) -> Self {
        Self(self.0.iter().chain(&other.0).cloned().collect())
    }
}

/// Numbers are equal by size, so that `1` excludes `1.0`; everything else as JSON.
pub(crate) fn is_equal(left: &Value, right: &Value) -> bool {
    match (left.as_f64(), right.as_f64()) {
        (Some(left), Some(right)) => left.total_cmp(&right).is_eq(),
        _ => left == right,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_agrees_with_every_part_of_itself() {
        let point = Point::new().with("lr", 0.1).with("batch", 16).with("optimizer", "sgd");
        assert!(point.agrees_with(&Point::new()));
        assert!(point.agrees_with(&Point::new().with("batch", 16.0).with("lr", 0.1)));
        assert!(!point.agrees_with(&Point::new().with("lr", 0.2)));
        assert!(!point.agrees_with(&Point::new().with("depth", 2)), "what is not set agrees with nothing");
    }
}
