//! Spaces that are written out: every point of them is known beforehand.

use serde_json::Value;

use crate::point::Point;

/// One direction of a space: the alternatives along it, in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    alternatives: Vec<Point>,
}

impl Axis {
    /// One key with each of its values.
    pub fn grid(key: &str, values: &[Value]) -> Self {
        Self { alternatives: values.iter().map(|value| Point::new().with(key, value.clone())).collect() }
    }

    /// Several keys that go together: the first value of each, then the second of each. Lists beyond the shortest one's
    /// length are cut; whoever reads a sweep file reports them.
    pub fn zip(keys: &[(String, Vec<Value>)]) -> Self {
        let length = keys.iter().map(|(_, values)| values.len()).min().unwrap_or(0);
        let nth = |index: usize| {
            keys.iter()
                .filter_map(|(key, values)| Some((key, values.get(index)?)))
                .fold(Point::new(), |point, (key, value)| point.with(key.clone(), value.clone()))
        };
        Self { alternatives: (0..length).map(nth).collect() }
    }

    /// Points as they are listed.
    pub fn list(points: Vec<Point>) -> Self {
        Self { alternatives: points }
    }

    /// How many alternatives there are.
    pub fn len(&self) -> usize {
        self.alternatives.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.alternatives.is_empty()
    }
}

/// How many points [`product`] has before anything is excluded; nothing if no machine could count them.
pub fn product_size(axes: &[Axis]) -> Option<usize> {
    axes.iter().try_fold(1_usize, |size, axis| size.checked_mul(axis.len()))
}

/// Every combination of the axes' alternatives but those that `exclude` names, the last axis changing fastest.
///
/// Without an axis there is one point, which sets nothing.
pub fn product<'a>(axes: &'a [Axis], exclude: &'a [Point]) -> impl Iterator<Item = Point> + 'a {
    let size = product_size(axes).unwrap_or(0);
    (0..size).map(|index| nth(axes, index)).filter(|point| !is_excluded(point, exclude))
}

/// Whether a point is one that nobody wants.
pub fn is_excluded(point: &Point, exclude: &[Point]) -> bool {
    exclude.iter().any(|unwanted| point.agrees_with(unwanted))
}

fn nth(axes: &[Axis], index: usize) -> Point {
    let mut rest = index;
    let mut parts: Vec<&Point> = Vec::with_capacity(axes.len());
    for axis in axes.iter().rev() {
        parts.extend(axis.alternatives.get(rest % axis.len()));
        rest /= axis.len();
    }
    parts.into_iter().rev().fold(Point::new(), |point, part| point.joined(part))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn texts(axes: &[Axis], exclude: &[Point]) -> Vec<String> {
        let text = |point: Point| {
            let settings = point.settings().iter().map(|(key, value)| format!("{key}={value}"));
            settings.collect::<Vec<_>>().join(" ")
        };
        product(axes, exclude).map(text).collect()
    }

    #[test]
    fn the_last_axis_changes_fastest() {
        let axes = [Axis::grid("a", &[json!(1), json!(2)]), Axis::grid("b", &[json!("x"), json!("y")])];
        assert_eq!(texts(&axes, &[]), ["a=1 b=\"x\"", "a=1 b=\"y\"", "a=2 b=\"x\"", "a=2 b=\"y\""]);
        assert_eq!(product_size(&axes), Some(4));
    }

    #[test]
    fn zipped_keys_go_together() {
        let axes = [
            Axis::zip(&[("a".to_owned(), vec![json!(1), json!(2)]), ("b".to_owned(), vec![json!(3), json!(4)])]),
            Axis::list(vec![Point::new().with("c", 5), Point::new()]),
        ];
        assert_eq!(texts(&axes, &[]), ["a=1 b=3 c=5", "a=1 b=3", "a=2 b=4 c=5", "a=2 b=4"]);
    }

    #[test]
    fn what_is_excluded_is_left_out_and_nothing_moves() {
        let axes = [Axis::grid("a", &[json!(1), json!(2)]), Axis::grid("b", &[json!(3), json!(4)])];
        assert_eq!(texts(&axes, &[Point::new().with("a", 1).with("b", 4)]), ["a=1 b=3", "a=2 b=3", "a=2 b=4"]);
        assert_eq!(texts(&axes, &[Point::new().with("b", 3.0)]), ["a=1 b=4", "a=2 b=4"]);
    }

    #[test]
    fn the_ends_of_the_range() {
        assert_eq!(texts(&[], &[]), [""], "one point that sets nothing");
        assert_eq!(texts(&[Axis::grid("a", &[])], &[]), [""; 0]);
        let huge: Vec<Axis> = (0..9).map(|_| Axis::grid("a", &vec![json!(1); 1000])).collect();
        assert_eq!(product_size(&huge), None);
    }
}
