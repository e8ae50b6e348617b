//! Bringing a server in step with a run: what it lacks is sent, what it has is left.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use super::client::Client;
use super::error::MlflowError;
use super::run_data::{IDENTITY, best_metrics, metrics, milliseconds, name, parameters, status, tags};
use crate::run::{RunState, TrackedRun};

/// What one request may hold.
const MOST_METRICS: usize = 1000;
const MOST_PARAMETERS: usize = 100;

/// A tracking server.
///
/// A run is found again by a tag, so that sending it twice changes nothing. Rows are told apart by their step: what the
/// server has is asked for first.
#[derive(Debug)]
pub struct Mlflow {
    client: Client,
    experiment: String,
    experiment_id: Option<String>,
}

/// What sending a run did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Synced {
    /// The server's name for the run.
    pub run_id: String,
    /// Whether the server had never heard of it.
    pub created: bool,
    /// Rows that it did not have.
    pub rows: usize,
}

/// A run as the server has it.
struct Known {
    run_id: String,
    status: String,
    parameters: BTreeSet<String>,
    tags: BTreeSet<(String, String)>,
    metrics: Vec<Value>,
}

impl Mlflow {
    /// A server at an address such as `http://localhost:5000`; runs go into the experiment of this name. No request takes
    /// longer than `limit`.
    ///
    /// # Errors
    /// [`MlflowError::Address`] for what cannot be an address; the server is not asked yet.
    pub fn new(address: &str, experiment: &str, limit: Duration) -> Result<Self, MlflowError> {
        let client = Client::new(address, limit)?;
        Ok(Self { client, experiment: experiment.to_owned(), experiment_id: None })
    }

    /// Sends what the server lacks of a run.
    pub fn sync(&mut self, run: &TrackedRun) -> Result<Synced, MlflowError> {
        let experiment = self.experiment_id()?;
        let (known, created) = match self.find(&experiment, run)? {
            Some(known) => (known, false),
            None => (self.create(&experiment, run)?, true),
        };
        self.send_settings(run, &known)?;
        let rows = self.send_rows(run, &known, created)?;
        self.send_best(run, &known)?;
        if known.status != status(run.state) {
            self.send_state(run, &known)?;
        }
        Ok(Synced { run_id: known.run_id, created, rows })
    }

    fn experiment_id(&mut self) -> Result<String, MlflowError> {
        if let Some(id) = &self.experiment_id {
            return Ok(id.clone());
        }
        let id = match self.ask_experiment() {
            Err(MlflowError::Refused { code, .. }) if code == "RESOURCE_DOES_NOT_EXIST" => {
                match self.client.post("experiments/create", &json!({"name": self.experiment})) {
                    Ok(answer) => self.text(&answer["experiment_id"], "experiments/create", "experiment_id")?,
                    // Somebody else was quicker.
                    Err(MlflowError::Refused { code, .. }) if code == "RESOURCE_ALREADY_EXISTS" => {
                        self.ask_experiment()?
                    }
                    Err(error) => return Err(error),
                }
            }
            answer => answer?,
        };
        self.experiment_id = Some(id.clone());
        Ok(id)
    }

    fn ask_experiment(&self) -> Result<String, MlflowError> {
        let path = "experiments/get-by-name";
        let answer = self.client.get(path, &[("experiment_name", &self.experiment)])?;
        self.text(&answer["experiment"]["experiment_id"], path, "experiment_id")
    }

    fn find(&self, experiment: &str, run: &TrackedRun) -> Result<Option<Known>, MlflowError> {
        let identity = name(&run.identity);
        let filter = format!("tags.{IDENTITY} = '{identity}'");
        let body = json!({"experiment_ids": [experiment], "filter": filter, "max_results": 1});
        let answer = self.client.post("runs/search", &body)?;
        answer["runs"].get(0).map(|found| self.known(found, "runs/search")).transpose()
    }

    fn create(&self, experiment: &str, run: &TrackedRun) -> Result<Known, MlflowError> {
        let tags: Vec<Value> = tags(run).iter().map(|(key, value)| json!({"key": key, "value": value})).collect();
        let start_time = milliseconds(run.started);
        let body = json!({"experiment_id": experiment, "run_name": run.name, "start_time": start_time, "tags": tags});
        let answer = self.client.post("runs/create", &body)?;
        self.known(&answer["run"], "runs/create")
    }

    fn known(&self, found: &Value, path: &str) -> Result<Known, MlflowError> {
        let pairs = |key: &str| found["data"][key].as_array().cloned().unwrap_or_default();
        let text = |pair: &Value, key: &str| pair[key].as_str().unwrap_or_default().to_owned();
        Ok(Known {
            run_id: self.text(&found["info"]["run_id"], path, "run_id")?,
            status: found["info"]["status"].as_str().unwrap_or_default().to_owned(),
            parameters: pairs("params").iter().map(|pair| text(pair, "key")).collect(),
            tags: pairs("tags").iter().map(|pair| (text(pair, "key"), text(pair, "value"))).collect(),
            metrics: pairs("metrics"),
        })
    }

    /// Parameters are written once and never changed; tags follow the run.
    fn send_settings(&self, run: &TrackedRun, known: &Known) -> Result<(), MlflowError> {
        let pair = |(key, value): (String, String)| json!({"key": key, "value": value});
        let missing = parameters(run).into_iter().filter(|(key, _)| !known.parameters.contains(key));
        let parameters: Vec<Value> = missing.map(pair).collect();
        let tags: Vec<Value> = tags(run).into_iter().filter(|tag| !known.tags.contains(tag)).map(pair).collect();
        for part in parameters.chunks(MOST_PARAMETERS) {
            self.log(known, "params", part)?;
        }
        if tags.is_empty() { Ok(()) } else { self.log(known, "tags", &tags) }
    }

    /// Sends the rows of which the server has no step; a row is sent whole.
    fn send_rows(&self, run: &TrackedRun, known: &Known, created: bool) -> Result<usize, MlflowError> {
        let all: Vec<Vec<Value>> = (0..run.rows.len()).map(|index| metrics(run, index)).collect();
        let first = all.iter().flatten().next().and_then(|metric| metric["key"].as_str());
        let there = match first {
            Some(key) if !created => self.steps(known, key)?,
            _ => BTreeSet::new(),
        };
        let is_new = |row: &&Vec<Value>| {
            row.first().is_some_and(|metric| !there.contains(&metric["step"].as_u64().unwrap_or(0)))
        };
        let missing: Vec<&Vec<Value>> = all.iter().filter(is_new).collect();
        let mut batch: Vec<Value> = Vec::new();
        for row in &missing {
            if batch.len() + row.len() > MOST_METRICS && !batch.is_empty() {
                self.log(known, "metrics", &std::mem::take(&mut batch))?;
            }
            batch.extend(row.iter().cloned());
        }
        if !batch.is_empty() {
            self.log(known, "metrics", &batch)?;
        }
        Ok(missing.len())
    }

    /// The steps at which the server has a value of a metric.
    fn steps(&self, known: &Known, key: &str) -> Result<BTreeSet<u64>, MlflowError> {
        let path = "metrics/get-history";
        let mut steps = BTreeSet::new();
        let mut token = String::new();
        loop {
            let mut query = vec![("run_id", known.run_id.as_str()), ("metric_key", key), ("max_results", "25000")];
            if !token.is_empty() {
                query.push(("page_token", &token));
            }
            let answer = self.client.get(path, &query)?;
            let found = answer["metrics"].as_array().cloned().unwrap_or_default();
            // Whole numbers of 64 bits come as texts.
            steps.extend(found.iter().filter_map(|metric| {
                let step = &metric["step"];
                step.as_u64().or_else(|| step.as_str()?.parse().ok())
            }));
            let next = answer["next_page_token"].as_str().unwrap_or_default();
            if next.is_empty() || next == token {
                return Ok(steps);
            }
            next.clone_into(&mut token);
        }
    }

    fn send_best(&self, run: &TrackedRun, known: &Known) -> Result<(), MlflowError> {
        let is_known = |metric: &Value| {
            known.metrics.iter().any(|other| other["key"] == metric["key"] && other["value"] == metric["value"])
        };
        let missing: Vec<Value> = best_metrics(run).into_iter().filter(|metric| !is_known(metric)).collect();
        if missing.is_empty() { Ok(()) } else { self.log(known, "metrics", &missing) }
    }

    fn send_state(&self, run: &TrackedRun, known: &Known) -> Result<(), MlflowError> {
        let mut body = json!({"run_id": known.run_id, "status": status(run.state)});
        if run.state != RunState::Running {
            let end = run.rows.len().checked_sub(1).map_or(run.started, |last| run.time_of(last));
            body["end_time"] = json!(milliseconds(end));
        }
        self.client.post("runs/update", &body).map(|_| ())
    }

    fn log(&self, known: &Known, kind: &str, entries: &[Value]) -> Result<(), MlflowError> {
        self.client.post("runs/log-batch", &json!({"run_id": known.run_id, kind: entries})).map(|_| ())
    }

    fn text(&self, value: &Value, path: &str, what: &'static str) -> Result<String, MlflowError> {
        let strange = || MlflowError::Strange { url: self.client.url(path), what };
        value.as_str().map(str::to_owned).ok_or_else(strange)
    }
}
