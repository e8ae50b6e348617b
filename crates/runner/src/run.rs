//! A run as the verbs that look at results see it.

use std::cell::OnceCell;
use std::path::Path;

use serde_json::{Map, Value};
use steadfast_experiment::one_line;
use steadfast_state::{Document, RunSummary, StateError, StateManager};

use crate::exit_code::Exit;
use crate::look::LookArgs;
use crate::origin::leaves;

/// A run on disk. Its config is read only when somebody asks.
#[derive(Debug)]
pub(crate) struct Run {
    /// Its name is that which people use: for a run of a sweep, `SWEEP/RUN`.
    pub(crate) summary: RunSummary,
    /// What stands in `result.json`; empty if nothing does.
    pub(crate) result: Map<String, Value>,
    state: StateManager,
    /// The name of its folder.
    folder: String,
    config: OnceCell<Value>,
}

/// The results folder, for reading.
pub(crate) struct Runs {
    state: StateManager,
    look: LookArgs,
}

impl Runs {
    pub(crate) fn new(results: &Path, look: LookArgs) -> Self {
        Self { state: StateManager::new(results), look }
    }

    /// Every run, by name: those of the results folder itself, then those of each sweep. One that cannot be read is told
    /// and left out.
    pub(crate) fn all(&self) -> Result<Vec<Run>, Exit> {
        let told = |error: StateError| {
            self.look.complain(&one_line(&error));
            Exit::Storage
        };
        let mut runs = self.within(&self.state).map_err(told)?;
        for sweep in self.state.sweeps().map_err(told)? {
            let state = self.state.in_sweep(&sweep).map_err(told)?;
            runs.extend(self.within(&state).map_err(told)?);
        }
        Ok(runs)
    }

    /// The runs that lie in one folder.
    fn within(&self, state: &StateManager) -> Result<Vec<Run>, StateError> {
        let names = state.runs()?;
        let mut runs = Vec::with_capacity(names.len());
        for name in names {
            match state.summary(&name) {
                Ok(Some(summary)) => runs.push(Run::new(summary, state)),
                Ok(None) => {}
                Err(error) => self.look.complain(&one_line(&error)),
            }
        }
        Ok(runs)
    }

    /// The run of this name; a usage error with the nearest name if there is none.
    pub(crate) fn named(&self, name: &str) -> Result<Run, Exit> {
        let (state, folder) = located(&self.state, name);
        if let Ok(Some(summary)) = state.summary(&folder) {
            return Ok(Run::new(summary, &state));
        }
        let names = names(&self.state);
        // A name may have been cut before its fingerprint.
        let begun = names.iter().find(|known| known.strip_prefix(name).is_some_and(|rest| rest.starts_with('@')));
        let results = self.state.results().display();
        let near = begun.cloned().or_else(|| steadfast_config::suggest(name, names.iter().map(String::as_str)));
        let help = match near {
            Some(near) => format!("; did you mean `{near}`?"),
            None => "; `runner list` shows what there is".to_owned(),
        };
        Err(self.look.usage_error(&format!("there is no run `{name}` in {results}{help}")))
    }
}

/// What a run is called in front of people.
pub(crate) fn shown(state: &StateManager, name: &str) -> String {
    state.sweep().map_or_else(|| name.to_owned(), |sweep| format!("{sweep}/{name}"))
}

/// The names of all runs, those of sweeps included; without what cannot be read.
pub(crate) fn names(results: &StateManager) -> Vec<String> {
    let mut names = results.runs().unwrap_or_default();
    for sweep in results.sweeps().unwrap_or_default() {
        let runs = results.in_sweep(&sweep).and_then(|state| state.runs()).unwrap_or_default();
        names.extend(runs.into_iter().map(|run| format!("{sweep}/{run}")));
    }
    names
}

/// Where a run lies that somebody names: `RUN` or `SWEEP/RUN`. A folder completed by the shell is as good as a name.
pub(crate) fn located(results: &StateManager, name: &str) -> (StateManager, String) {
    let path = Path::new(name);
    let last = path.file_name().and_then(|name| name.to_str()).unwrap_or(name);
    let before = path.parent().and_then(Path::file_name).and_then(|name| name.to_str());
    let sweep = before.and_then(|sweep| results.in_sweep(sweep).ok());
    let is_there = |state: &StateManager| state.summary(last).is_ok_and(|summary| summary.is_some());
    let state = sweep.filter(is_there).unwrap_or_else(|| results.clone());
    (state, last.to_owned())
}

impl Run {
    fn new(mut summary: RunSummary, state: &StateManager) -> Self {
        let folder = summary.name.clone();
        summary.name = shown(state, &folder);
        let result = match &summary.result {
            Some(Value::Object(result)) => result.clone(),
            _ => Map::new(),
        };
        Self { summary, result, state: state.clone(), folder, config: OnceCell::new() }
    }

    pub(crate) fn name(&self) -> &str {
        &self.summary.name
    }

    /// Where it lies: the results folder or a sweep's, and the run's own folder in it.
    pub(crate) fn place(&self) -> (&StateManager, &str) {
        (&self.state, &self.folder)
    }

    /// The complete config; `null` if it cannot be read.
    pub(crate) fn config(&self) -> &Value {
        self.config.get_or_init(|| self.document(Document::Config).unwrap_or(Value::Null))
    }

    pub(crate) fn document(&self, document: Document) -> Option<Value> {
        let bytes = self.state.document(&self.folder, document).ok()??;
        serde_json::from_slice(&bytes).ok()
    }

    pub(crate) fn metrics(&self) -> Vec<Map<String, Value>> {
        self.state.metrics(&self.folder).unwrap_or_default()
    }

    /// The best epoch's figures.
    pub(crate) fn best(&self) -> Option<&Map<String, Value>> {
        self.result.get("best")?.as_object()
    }

    /// What a key means for this run: a property of the run, a figure of its best epoch, or a key of its config, in full
    /// or by its last parts.
    pub(crate) fn get(&self, key: &str) -> Option<Value> {
        match key {
            "name" => return Some(self.name().into()),
            "status" => return Some(self.summary.status.as_str().into()),
            "best_epoch" => return self.best()?.get("epoch").cloned(),
            "epochs" | "steps" | "parameters" if self.result.contains_key(key) => return self.result.get(key).cloned(),
            _ => {}
        }
        if let Some(figure) = self.best().and_then(|best| best.get(key)) {
            return Some(figure.clone());
        }
        if let Some(found) = key.split('.').try_fold(self.config(), |value, key| value.get(key)) {
            return Some(found.clone());
        }
        let end = format!(".{key}");
        leaves(self.config()).into_iter().find(|leaf| leaf.key.ends_with(&end)).map(|leaf| leaf.value)
    }

    /// Every key that [`Run::get`] knows.
    pub(crate) fn keys(&self) -> Vec<String> {
        let mut keys: Vec<String> =
            ["name", "status", "epochs", "steps", "best_epoch", "parameters"].map(str::to_owned).into();
        keys.extend(self.best().into_iter().flat_map(|best| best.keys().cloned()));
        for leaf in leaves(self.config()) {
            keys.extend(leaf.key.rsplit('.').next().map(str::to_owned));
            keys.push(leaf.key);
        }
        keys
    }
}
