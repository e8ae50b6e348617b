//! Learning curves, packed: numbers of single precision in base 64, since a thousand runs have hundreds of thousands.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::base64;
use crate::record::{RunRecord, number};

/// Values that a page holds at most; beyond that, curves are thinned out.
const MOST_VALUES: usize = 640_000;

/// Keys of a row that are its place, not a measurement.
const PLACES: [&str; 2] = ["epoch", "step"];

/// The curves of all runs.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Curves {
    /// Names of all measurements, in the order in which they were first seen.
    pub(crate) metrics: Vec<String>,
    /// Each different series once: schedules of the learning rate are mostly the same.
    pub(crate) pool: Vec<String>,
    /// For each run its places and series.
    pub(crate) runs: Vec<Value>,
    /// Only every so many-th row is shown, beside the first, the best and the last.
    pub(crate) stride: usize,
}

impl Curves {
    /// Packs the rows of all runs.
    pub(crate) fn of(runs: &[RunRecord]) -> Self {
        let metrics = metric_names(runs);
        let values: usize = runs.iter().map(|run| run.metrics.len()).sum::<usize>() * (metrics.len() + 1);
        let mut curves = Self { metrics, stride: values.div_ceil(MOST_VALUES).max(1), ..Self::default() };
        let mut known = BTreeMap::new();
        curves.runs = runs.iter().map(|run| curves.pack(run, &mut known)).collect();
        curves.pool = vec![String::new(); known.len()];
        for (text, place) in known {
            curves.pool[place] = text;
        }
        curves
    }

    fn pack(&self, run: &RunRecord, known: &mut BTreeMap<String, usize>) -> Value {
        let rows = self.kept(run);
        let mut intern = |values: &[f64]| {
            let next = known.len();
            *known.entry(packed(values)).or_insert(next)
        };
        let mut series = Map::new();
        for (place, name) in self.metrics.iter().enumerate() {
            let values: Vec<f64> = rows.iter().map(|row| row.get(name).and_then(number).unwrap_or(f64::NAN)).collect();
            if rows.iter().any(|row| row.contains_key(name)) {
                series.insert(place.to_string(), intern(&values).into());
            }
        }
        let clock = clock(run, &rows).map(|seconds| intern(&seconds));
        let [epochs, steps] = PLACES.map(|key| places(&rows, key));
        json!({"rows": rows.len(), "epoch": epochs, "step": steps, "time": clock, "series": series})
    }

    fn kept<'a>(&self, run: &'a RunRecord) -> Vec<&'a Map<String, Value>> {
        let best = run.best().and_then(|best| best.get("step"));
        let last = run.metrics.len().saturating_sub(1);
        let is_kept = |index: usize, row: &Map<String, Value>| {
            index.is_multiple_of(self.stride) || index == last || (best.is_some() && row.get("step") == best)
        };
        run.metrics.iter().enumerate().filter(|(index, row)| is_kept(*index, row)).map(|(_, row)| row).collect()
    }
}

fn metric_names(runs: &[RunRecord]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for run in runs {
        // Every row has what the first or the last one has.
        for row in [run.metrics.first(), run.metrics.last()].into_iter().flatten() {
            for (name, value) in row {
                if !PLACES.contains(&name.as_str()) && number(value).is_some() && !names.contains(name) {
                    names.push(name.clone());
                }
            }
        }
    }
    names
}

/// Whole numbers as `[first, difference]` where they are evenly spaced, else one by one.
fn places(rows: &[&Map<String, Value>], key: &str) -> Value {
    let values: Vec<u64> = rows.iter().map(|row| row.get(key).and_then(Value::as_u64).unwrap_or(0)).collect();
    let first = values.first().copied().unwrap_or(0);
    let difference = values.get(1).map_or(0, |second| second.saturating_sub(first));
    let is_even = (0_u64..).zip(&values).all(|(index, value)| Some(*value) == expected(first, difference, index));
    if is_even { json!({"from": first, "by": difference}) } else { json!(values) }
}

fn expected(first: u64, difference: u64, index: u64) -> Option<u64> {
    first.checked_add(difference.checked_mul(index)?)
}

/// Seconds of training and validation up to the end of each row's epoch; nothing if a clock is missing.
fn clock(run: &RunRecord, rows: &[&Map<String, Value>]) -> Option<Vec<f64>> {
    let mut ends = BTreeMap::new();
    let mut sum = 0.0;
    for epoch in run.timing.get("epochs")?.as_array()? {
        let seconds = |key: &str| epoch.get(key).and_then(Value::as_f64).unwrap_or(0.0);
        sum += seconds("train_s") + seconds("validate_s");
        ends.insert(epoch.get("epoch")?.as_u64()?, sum);
    }
    rows.iter().map(|row| ends.get(&row.get("epoch")?.as_u64()?).copied()).collect()
}

/// Single precision, little endian, in base 64.
#[expect(clippy::cast_possible_truncation, reason = "a curve is for the eye")]
fn packed(values: &[f64]) -> String {
    let bytes: Vec<u8> = values.iter().flat_map(|value| (*value as f32).to_le_bytes()).collect();
    base64::encode(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(rows: usize) -> RunRecord {
        let row = |index: usize| {
            let row =
                json!({"epoch": index + 1, "step": 7 * (index + 1), "val_loss": 1.0 / (index + 1) as f64, "lr": 0.1});
            row.as_object().cloned().unwrap_or_default()
        };
        let timing = json!({"epochs": (1..=rows).map(|epoch| json!({"epoch": epoch, "train_s": 1.5, "validate_s": 0.5})).collect::<Vec<_>>()});
        RunRecord { metrics: (0..rows).map(row).collect(), timing, ..RunRecord::default() }
    }

    #[test]
    fn rows_become_series() {
        let curves = Curves::of(&[run(3), run(3)]);
        assert_eq!(curves.metrics, ["val_loss", "lr"]);
        assert_eq!(curves.runs[0], curves.runs[1]);
        assert_eq!(curves.pool.len(), 3, "equal series are there once");
        assert_eq!(curves.runs[0]["epoch"], json!({"from": 1, "by": 1}));
        assert_eq!(curves.runs[0]["step"], json!({"from": 7, "by": 7}));
        assert_eq!(curves.pool[0], packed(&[1.0, 0.5, 1.0 / 3.0]));
        assert_eq!(packed(&[1.0]), "AACAPw==");
    }

    #[test]
    fn words_for_what_is_no_number_are_read() {
        let mut odd = run(1);
        odd.metrics[0].insert("val_loss".to_owned(), json!("NaN"));
        odd.metrics[0].insert("note".to_owned(), json!("text"));
        let curves = Curves::of(&[odd]);
        assert_eq!(curves.metrics, ["val_loss", "lr"]);
        assert_eq!(curves.pool[0], packed(&[f64::NAN]));
    }

    #[test]
    fn very_many_values_are_thinned_out_but_keep_their_ends() {
        let mut long = run(500_000);
        long.timing = Value::Null;
        long.result = json!({"best": {"step": 7 * 8}});
        let curves = Curves::of(&[long]);
        assert_eq!(curves.stride, 3);
        assert_eq!(curves.runs[0]["time"], Value::Null);
        let epochs = curves.runs[0]["epoch"].as_array().unwrap();
        assert_eq!(epochs[..4], [json!(1), json!(4), json!(7), json!(8)]);
        assert_eq!(epochs.last(), Some(&json!(500_000)));
        assert!(epochs.len() < 200_000);
    }
}
