//! The range that a number must lie in.

use std::fmt::Display;
use std::ops::{Bound, RangeBounds};

use serde_json::{Map, Value};

/// A number type that a field can be bounded by.
pub trait Scalar: Display + PartialOrd + Clone {
    /// The bound in a JSON Schema.
    fn to_json(&self) -> Value;
}

macro_rules! scalars {
    ($($type:ty),*) => {$(
        impl Scalar for $type {
            fn to_json(&self) -> Value {
                (*self).into()
            }
        }
    )*};
}
scalars!(u32, u64, usize, i64, f64);

/// The bound of fields that are no numbers: there is none, and writing one does not compile.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub enum NoBounds {}

impl Display for NoBounds {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {}
    }
}

impl Scalar for NoBounds {
    fn to_json(&self) -> Value {
        match *self {}
    }
}

/// The range that a number must lie in; for a list, the range of each element.
#[derive(Debug, Clone, PartialEq)]
pub struct Bounds<S> {
    min: Bound<S>,
    max: Bound<S>,
}

impl<S: Scalar> Bounds<S> {
    /// The bounds that a Rust range stands for: `1..`, `0.0..1.0`, `2..=64`, [`above`]`(0.0)`.
    pub fn new(range: impl RangeBounds<S>) -> Self {
        Self { min: range.start_bound().cloned(), max: range.end_bound().cloned() }
    }

    /// No bounds.
    pub fn none() -> Self {
        Self { min: Bound::Unbounded, max: Bound::Unbounded }
    }

    /// Whether `value` is allowed.
    pub fn contains(&self, value: &S) -> bool {
        (self.min.as_ref(), self.max.as_ref()).contains(value)
    }

    /// The bound that `value` breaks, in words.
    pub fn broken_by(&self, value: &S) -> Option<String> {
        if !(self.min.as_ref(), Bound::Unbounded).contains(value) {
            self.min_words()
        } else if !(Bound::Unbounded, self.max.as_ref()).contains(value) {
            self.max_words()
        } else {
            None
        }
    }

    /// The lower bound in words, as in `at least 1`.
    fn min_words(&self) -> Option<String> {
        match &self.min {
            Bound::Included(min) => Some(format!("at least {min}")),
            Bound::Excluded(min) => Some(format!("more than {min}")),
            Bound::Unbounded => None,
        }
    }

    /// The upper bound in words, as in `less than 64`.
    fn max_words(&self) -> Option<String> {
        match &self.max {
            Bound::Included(max) => Some(format!("at most {max}")),
            Bound::Excluded(max) => Some(format!("less than {max}")),
            Bound::Unbounded => None,
        }
    }

    /// The bounds in words, as in `at least 1 and less than 64`.
    pub fn words(&self) -> Option<String> {
        match (self.min_words(), self.max_words()) {
            (Some(min), Some(max)) => Some(format!("{min} and {max}")),
            (min, max) => min.or(max),
        }
    }

    /// Adds the bounds to a JSON Schema.
    pub(crate) fn describe_in(&self, schema: &mut Map<String, Value>) {
        let (key, value) = match &self.min {
            Bound::Included(min) => ("minimum", Some(min)),
            Bound::Excluded(min) => ("exclusiveMinimum", Some(min)),
            Bound::Unbounded => ("", None),
        };
        if let Some(value) = value {
            schema.insert(key.to_owned(), value.to_json());
        }
        let (key, value) = match &self.max {
            Bound::Included(max) => ("maximum", Some(max)),
            Bound::Excluded(max) => ("exclusiveMaximum", Some(max)),
            Bound::Unbounded => ("", None),
        };
        if let Some(value) = value {
            schema.insert(key.to_owned(), value.to_json());
        }
    }
}

/// Everything greater than `min`, which Rust has no range literal for.
pub fn above<S>(min: S) -> (Bound<S>, Bound<S>) {
    (Bound::Excluded(min), Bound::Unbounded)
}

/// Everything greater than `min` and less than `max`.
pub fn between<S>(min: S, max: S) -> (Bound<S>, Bound<S>) {
    (Bound::Excluded(min), Bound::Excluded(max))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_become_words() {
        let words = |bounds: Bounds<f64>| bounds.words().unwrap_or_default();
        assert_eq!(words(Bounds::new(0.0..1.0)), "at least 0 and less than 1");
        assert_eq!(words(Bounds::new(0.5..=1.0)), "at least 0.5 and at most 1");
        assert_eq!(words(Bounds::new(above(0.0))), "more than 0");
        assert_eq!(words(Bounds::new(between(0.0, 1.0))), "more than 0 and less than 1");
        assert_eq!(words(Bounds::new(..)), "");
        assert_eq!(Bounds::<usize>::new(2..=1_000).words().as_deref(), Some("at least 2 and at most 1000"));
    }

    #[test]
    fn ranges_become_schema() {
        let mut schema = Map::new();
        Bounds::<usize>::new(1..10).describe_in(&mut schema);
        assert_eq!(Value::Object(schema), serde_json::json!({"minimum": 1, "exclusiveMaximum": 10}));
    }
}
