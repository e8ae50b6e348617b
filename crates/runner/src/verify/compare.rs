//! Two runs side by side: which file differs, and where in it.

use std::path::Path;

use serde_json::Value;
use steadfast_config::sha256_hex;
use steadfast_state::{Dtype, Snapshot, StateError, StateManager, TensorData, TensorMap, read_model};

/// Files that have to be equal byte by byte.
const FILES: [&str; 5] =
    ["config.json", "metrics.jsonl", "result.json", "model_best.safetensors", "model_last.safetensors"];

/// The content of the newest checkpoint, under whatever name.
const CHECKPOINT: &str = "newest checkpoint";

/// One file of a run, compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Compared {
    pub(crate) file: &'static str,
    /// Of the uninterrupted run; nothing for a checkpoint or a file that it does not have.
    pub(crate) sha256: Option<String>,
    /// Where the other run differs, in words.
    pub(crate) difference: Option<String>,
}

/// Compares the run `name` in two results folders.
pub(crate) fn compare(name: &str, whole: &StateManager, killed: &StateManager) -> Result<Vec<Compared>, StateError> {
    let mut all: Vec<Compared> =
        FILES.iter().map(|file| compare_files(file, &path(whole, name, file), &path(killed, name, file))).collect();
    let (whole, killed) = (whole.peek(name)?.snapshot, killed.peek(name)?.snapshot);
    let difference = match (whole, killed) {
        (Some(whole), Some(killed)) => snapshot_difference(&whole, &killed),
        (None, None) => None,
        (Some(_), None) => Some("there is none".to_owned()),
        (None, Some(_)) => Some("there should be none".to_owned()),
    };
    all.push(Compared { file: CHECKPOINT, sha256: None, difference });
    Ok(all)
}

fn path(state: &StateManager, name: &str, file: &str) -> std::path::PathBuf {
    state.results().join(name).join(file)
}

fn compare_files(file: &'static str, whole: &Path, killed: &Path) -> Compared {
    let (left, right) = (fs_err::read(whole).ok(), fs_err::read(killed).ok());
    let sha256 = left.as_deref().map(sha256_hex);
    let difference = match (&left, &right) {
        (left, right) if left == right => None,
        (Some(_), None) => Some("the file is missing".to_owned()),
        (None, _) => Some("there should be no such file".to_owned()),
        (Some(left), Some(right)) => Some(describe(file, whole, killed, left, right)),
    };
    Compared { file, sha256, difference }
}

fn describe(file: &str, whole: &Path, killed: &Path, left: &[u8], right: &[u8]) -> String {
    let found = match Path::new(file).extension().and_then(|extension| extension.to_str()) {
        Some("safetensors") => read_model(whole)
            .ok()
            .zip(read_model(killed).ok())
            .and_then(|(left, right)| tensor_difference(&left, &right)),
        Some("jsonl") => row_difference(left, right),
        _ => parse(left).zip(parse(right)).and_then(|(left, right)| json_difference("", &left, &right)),
    };
    found.unwrap_or_else(|| "the bytes differ".to_owned())
}

fn parse(bytes: &[u8]) -> Option<Value> {
    serde_json::from_slice(bytes).ok()
}

/// The first row that differs.
fn row_difference(left: &[u8], right: &[u8]) -> Option<String> {
    let rows = |bytes: &[u8]| String::from_utf8_lossy(bytes).lines().map(str::to_owned).collect::<Vec<_>>();
    let (left, right) = (rows(left), rows(right));
    if let Some(at) = left.iter().zip(&right).position(|(left, right)| left != right) {
        let pair = parse(left.get(at)?.as_bytes()).zip(parse(right.get(at)?.as_bytes()));
        let what = pair.and_then(|(left, right)| json_difference("", &left, &right));
        return Some(format!("line {}: {}", at + 1, what.unwrap_or_else(|| "the rows differ".to_owned())));
    }
    (left.len() != right.len()).then(|| format!("{} rows instead of {}", right.len(), left.len()))
}

/// The first value that differs, with its path.
fn json_difference(path: &str, left: &Value, right: &Value) -> Option<String> {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match (left, right) {
        (left, right) if left == right => None,
        (Value::Object(left), Value::Object(right)) => {
            let keys = left.keys().chain(right.keys().filter(|key| !left.contains_key(*key)));
            keys.into_iter().find_map(|key| {
                let value = |map: &serde_json::Map<String, Value>| map.get(key).cloned().unwrap_or_default();
                json_difference(&below(key), &value(left), &value(right))
            })
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            let mut pairs = left.iter().zip(right).enumerate();
            pairs.find_map(|(at, (left, right))| json_difference(&format!("{path}[{at}]"), left, right))
        }
        (left, right) => Some(format!("`{path}` is {right} instead of {left}")),
    }
}

fn snapshot_difference(left: &Snapshot, right: &Snapshot) -> Option<String> {
    if left.step != right.step {
        return Some(format!("it is of step {} instead of {}", right.step, left.step));
    }
    json_difference("", &left.state, &right.state).or_else(|| tensor_difference(&left.tensors, &right.tensors))
}

/// The first tensor that differs.
fn tensor_difference(left: &TensorMap, right: &TensorMap) -> Option<String> {
    if let Some(name) = left.keys().find(|name| !right.contains_key(*name)) {
        return Some(format!("`{name}` is missing"));
    }
    if let Some(name) = right.keys().find(|name| !left.contains_key(*name)) {
        return Some(format!("there should be no `{name}`"));
    }
    let mut pairs = left.iter().zip(right.values());
    pairs.find_map(|((name, left), right)| element_difference(left, right).map(|what| format!("`{name}` {what}")))
}

fn element_difference(left: &TensorData, right: &TensorData) -> Option<String> {
    if left == right {
        return None;
    }
    if (left.dtype(), left.shape()) != (right.dtype(), right.shape()) {
        return Some(format!(
            "is {:?} {:?} instead of {:?} {:?}",
            right.dtype(),
            right.shape(),
            left.dtype(),
            left.shape()
        ));
    }
    let size = left.dtype().size();
    let differing: Vec<usize> = left
        .bytes()
        .chunks(size)
        .zip(right.bytes().chunks(size))
        .enumerate()
        .filter(|(_, (left, right))| left != right)
        .map(|(at, _)| at)
        .collect();
    let first = *differing.first()?;
    let (count, all) = (differing.len(), left.bytes().len() / size);
    let values = element(left, first).zip(element(right, first));
    let values = values.map(|(left, right)| format!(": {right:?} instead of {left:?}")).unwrap_or_default();
    Some(format!("differs in {count} of {all} elements, first at {first}{values}"))
}

/// One element as a number, where its type is one of the usual.
fn element(tensor: &TensorData, at: usize) -> Option<f64> {
    match tensor.dtype() {
        Dtype::F32 => tensor.to_f32()?.get(at).copied().map(f64::from),
        Dtype::F64 => tensor.to_f64()?.get(at).copied(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_value_that_differs_is_named() {
        let left = json!({"status": "completed", "best": {"epoch": 3, "rows": [1, 2]}});
        for (path, value, expected) in [
            ("/status", json!("failed"), Some(r#"`status` is "failed" instead of "completed""#)),
            ("/best/epoch", json!(4), Some("`best.epoch` is 4 instead of 3")),
            ("/best/rows", json!([1, 3]), Some("`best.rows[1]` is 3 instead of 2")),
            ("/best/rows", json!([1]), Some("`best.rows` is [1] instead of [1,2]")),
            ("/best/epoch", json!(3), None),
        ] {
            let mut right = left.clone();
            *right.pointer_mut(path).unwrap() = value;
            assert_eq!(json_difference("", &left, &right).as_deref(), expected, "{path}");
        }
    }

    #[test]
    fn rows_and_tensors_are_named() {
        let what = row_difference(b"{\"a\":1}\n{\"a\":2}\n", b"{\"a\":1}\n{\"a\":3}\n").unwrap();
        assert_eq!(what, "line 2: `a` is 3 instead of 2");
        assert_eq!(row_difference(b"{}\n", b"{}\n{}\n").unwrap(), "2 rows instead of 1");

        let tensors = |values: &[f32]| {
            TensorMap::from([("w".to_owned(), TensorData::from_f32(vec![values.len()], values).unwrap())])
        };
        let what = tensor_difference(&tensors(&[1.0, 2.0, 3.0]), &tensors(&[1.0, 2.5, 4.0])).unwrap();
        assert_eq!(what, "`w` differs in 2 of 3 elements, first at 1: 2.5 instead of 2.0");
        let what = tensor_difference(&tensors(&[1.0]), &tensors(&[1.0, 2.0])).unwrap();
        assert_eq!(what, "`w` is F32 [2] instead of F32 [1]");
        assert_eq!(tensor_difference(&tensors(&[1.0]), &TensorMap::new()).unwrap(), "`w` is missing");
        assert_eq!(tensor_difference(&tensors(&[0.0]), &tensors(&[0.0])), None);
        assert!(tensor_difference(&tensors(&[0.0]), &tensors(&[-0.0])).is_some(), "bits, not values");
    }
}
