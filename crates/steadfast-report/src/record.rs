//! What a page is made of.

use serde_json::{Map, Value};

/// Everything that one page tells.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// What stands above the page.
    pub title: String,
    /// The program that made the runs, with its version; for the foot of the page.
    pub program: String,
    /// The runs.
    pub runs: Vec<RunRecord>,
    /// Whether their order is somebody's choice; otherwise the best comes first.
    pub ordered: bool,
}

/// One run, as it lies on disk. What is not there is `null` or empty.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RunRecord {
    /// Its name.
    pub name: String,
    /// `completed`, `failed`, `interrupted` or `running`.
    pub status: String,
    /// Content of `config.json`.
    pub config: Value,
    /// Content of `result.json`.
    pub result: Value,
    /// Content of `timing.json`.
    pub timing: Value,
    /// Content of `environment.json`.
    pub environment: Value,
    /// The rows of `metrics.jsonl`.
    pub metrics: Vec<Map<String, Value>>,
}

impl RunRecord {
    /// The figures of the best epoch.
    pub(crate) fn best(&self) -> Option<&Map<String, Value>> {
        self.result.get("best")?.as_object()
    }
}

/// A measurement as a number. NaN and the infinities are words in JSON.
pub(crate) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(word) => match word.as_str() {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        _ => None,
    }
}
