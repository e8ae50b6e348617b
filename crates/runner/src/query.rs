//! Which runs are shown, and in which order.

use std::cmp::Ordering;
use std::str::FromStr;

use serde_json::Value;
use steadfast_config::suggest;

use crate::run::Run;

/// `KEY=VALUE`, or with `!=`, `<`, `<=`, `>`, `>=`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Filter {
    pub(crate) key: String,
    operator: Operator,
    value: Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Less,
    AtMost,
    More,
    AtLeast,
}

/// The longer ones first, so that they are found first.
const OPERATORS: [(&str, Operator); 6] = [
    ("!=", Operator::NotEqual),
    ("<=", Operator::AtMost),
    (">=", Operator::AtLeast),
    ("=", Operator::Equal),
    ("<", Operator::Less),
    (">", Operator::More),
];

/// `KEY`, or `-KEY` for the largest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sort {
    pub(crate) key: String,
    descending: bool,
}

impl FromStr for Filter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = OPERATORS.iter().filter_map(|(sign, operator)| Some((text.find(sign)?, sign, *operator)));
        // The first sign in the text; of those that begin there, the longest.
        let Some((at, sign, operator)) = found.min_by_key(|(at, sign, _)| (*at, usize::MAX - sign.len())) else {
            return Err(format!("`{text}` is no KEY=VALUE, as in `model_type=CNN` or `val_loss<0.1`"));
        };
        let (key, value) = (text[..at].trim(), text[at + sign.len()..].trim());
        if key.is_empty() {
            return Err(format!("`{text}` lacks a key before `{sign}`"));
        }
        let value = serde_json::from_str(value).unwrap_or_else(|_| value.into());
        Ok(Self { key: key.to_owned(), operator, value })
    }
}

impl Filter {
    /// Whether a run is wanted. A run that does not have the key is not, except where it must be different.
    pub(crate) fn keeps(&self, run: &Run) -> bool {
        let Some(found) = run.get(&self.key) else { return self.operator == Operator::NotEqual };
        if let Value::Array(items) = &found {
            let holds = items.iter().any(|item| compare(item, &self.value) == Some(Ordering::Equal));
            return match self.operator {
                Operator::NotEqual => !holds,
                _ => holds || found == self.value,
            };
        }
        let order = compare(&found, &self.value);
        match self.operator {
            Operator::Equal => order == Some(Ordering::Equal),
            Operator::NotEqual => order != Some(Ordering::Equal),
            Operator::Less => order == Some(Ordering::Less),
            Operator::AtMost => matches!(order, Some(Ordering::Less | Ordering::Equal)),
            Operator::More => order == Some(Ordering::Greater),
            Operator::AtLeast => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        }
    }
}

impl FromStr for Sort {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (key, descending) = text.strip_prefix('-').map_or((text, false), |key| (key, true));
        if key.is_empty() {
            return Err("a key is missing, as in `val_loss` or `-val_accuracy`".to_owned());
        }
        Ok(Self { key: key.to_owned(), descending })
    }
}

impl Sort {
    /// Sorts by the key; runs that do not have it come last, equal ones stay in their order.
    pub(crate) fn apply(&self, runs: &mut [Run]) {
        runs.sort_by(|left, right| match (left.get(&self.key), right.get(&self.key)) {
            (Some(left), Some(right)) => {
                let order = compare(&left, &right).unwrap_or(Ordering::Equal);
                if self.descending { order.reverse() } else { order }
            }
            (left, right) => left.is_none().cmp(&right.is_none()),
        });
    }
}

/// Numbers by size, texts and names ignoring case; nothing for what cannot be compared.
fn compare(left: &Value, right: &Value) -> Option<Ordering> {
    match (left.as_f64(), right.as_f64()) {
        (Some(left), Some(right)) => Some(left.total_cmp(&right)),
        _ => match (left, right) {
            (Value::String(left), Value::String(right)) => Some(left.to_lowercase().cmp(&right.to_lowercase())),
            (left, right) if left == right => Some(Ordering::Equal),
            // `name=1` compares the text "1".
            (left, right) if left.is_string() != right.is_string() => Some(plain(left).cmp(&plain(right))),
            _ => None,
        },
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Says so if no run has a key.
pub(crate) fn check_key(runs: &[Run], key: &str) -> Result<(), String> {
    if runs.is_empty() || runs.iter().any(|run| run.get(key).is_some()) {
        return Ok(());
    }
    let mut keys: Vec<String> = runs.iter().flat_map(Run::keys).collect();
    keys.sort();
    keys.dedup();
    let help = suggest(key, keys.iter().map(String::as_str)).map_or_else(
        || "keys are those of the config, of metrics, and name, status, epochs, steps".to_owned(),
        |near| format!("did you mean `{near}`?"),
    );
    Err(format!("no run has `{key}`; {help}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn filters_are_read_with_their_sign() {
        for (text, operator) in [
            ("a.b=1", Operator::Equal),
            ("a.b!=1", Operator::NotEqual),
            ("a.b<=1", Operator::AtMost),
            ("a.b>=1", Operator::AtLeast),
            ("a.b<1", Operator::Less),
            ("a.b > 1", Operator::More),
        ] {
            assert_eq!(text.parse(), Ok(Filter { key: "a.b".to_owned(), operator, value: json!(1) }), "{text}");
        }
        for bad in ["", "lr", "=1"] {
            assert!(bad.parse::<Filter>().is_err(), "{bad}");
        }
    }

    #[test]
    fn values_compare_as_people_expect() {
        assert_eq!(compare(&json!(2), &json!(10.5)), Some(Ordering::Less));
        assert_eq!(compare(&json!("cnn"), &json!("CNN")), Some(Ordering::Equal));
        assert_eq!(compare(&json!("1"), &json!(1)), Some(Ordering::Equal));
        assert_eq!(compare(&json!(null), &json!(1)), None);
    }
}
