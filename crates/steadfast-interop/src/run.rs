//! What is known of a run, whoever asks.

use serde_json::{Map, Value};

/// A run, as it lies on disk. What is not there is `null` or empty.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TrackedRun {
    /// Its name.
    pub name: String,
    /// Tells it apart from another run of the same name: equal for equal trainings.
    pub identity: String,
    /// Whether it is over.
    pub state: RunState,
    /// Content of `config.json`.
    pub config: Value,
    /// Content of `result.json`.
    pub result: Value,
    /// The rows of `metrics.jsonl` that nothing takes back any more.
    pub rows: Vec<Map<String, Value>>,
    /// When each row was made, in seconds since 1970; zero where that is not known.
    pub times: Vec<f64>,
    /// When the run began, likewise.
    pub started: f64,
}

/// Whether a run is over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RunState {
    /// There may be more to come.
    #[default]
    Running,
    /// It reached its end.
    Completed,
    /// It ended with an error.
    Failed,
    /// It was stopped and can go on.
    Interrupted,
}

impl RunState {
    /// The word for it in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        }
    }
}

impl TrackedRun {
    /// When row `index` was made.
    pub(crate) fn time_of(&self, index: usize) -> f64 {
        self.times.get(index).copied().unwrap_or(self.started)
    }

    /// The figures of the best or the last epoch.
    pub(crate) fn figures(&self, which: &str) -> Option<&Map<String, Value>> {
        self.result.get(which)?.as_object()
    }

    /// Why it failed: class and message.
    pub(crate) fn error(&self) -> Option<(&str, &str)> {
        let error = self.result.get("error")?;
        Some((error.get("class")?.as_str()?, error.get("message")?.as_str()?))
    }

    /// The confusion matrix of the best epoch.
    pub(crate) fn confusion_matrix(&self) -> Option<Vec<Vec<u64>>> {
        let counts = self.result.get("evaluation")?.get("confusion_matrix")?.get("counts")?.as_array()?;
        let row = |row: &Value| row.as_array()?.iter().map(Value::as_u64).collect::<Option<Vec<u64>>>();
        let rows: Vec<Vec<u64>> = counts.iter().map(row).collect::<Option<_>>()?;
        let is_square = !rows.is_empty() && rows.iter().all(|row| row.len() == rows.len());
        is_square.then_some(rows)
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
