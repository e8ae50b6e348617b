//! A trained model, found by the name of its run or by its config, with its weights.

use std::path::{Path, PathBuf};

use clap::Args;
use steadfast_config::{ConfigManager, ExperimentConfig, Problems};
use steadfast_experiment::{Experiment, ExperimentFactory, RunResult, one_line};
use steadfast_state::{Document, ModelFile, StateManager, TensorMap, read_model};

use crate::args::OutputArgs;
use crate::console::Console;
use crate::exit_code::Exit;
use crate::report;
use crate::run::{located, names};
use crate::setup;

/// Which trained model is meant.
#[derive(Debug, Args)]
pub(crate) struct ModelArgs {
    /// A run: its name or its folder; or the config of one.
    #[arg(value_name = "RUN|CONFIG")]
    pub(crate) model: String,
    /// Overrides of the config, such as `hyperparams.batch_size=64`.
    #[arg(value_name = "KEY=VALUE")]
    pub(crate) overrides: Vec<String>,
    /// Weights from this safetensors file instead of those of the run's best epoch.
    #[arg(long, value_name = "FILE", conflicts_with = "last")]
    pub(crate) weights: Option<PathBuf>,
    /// The weights of the last epoch instead of the best.
    #[arg(long)]
    pub(crate) last: bool,
    /// Where results are kept.
    #[arg(long, value_name = "DIR", default_value = "results")]
    pub(crate) results: PathBuf,
    /// Threads for computing [default: `RAYON_NUM_THREADS`, else all cores].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// Why a verb ends, told already or to be told.
pub(crate) struct Ended {
    pub(crate) exit: Exit,
    /// What is still to be told.
    pub(crate) message: Option<String>,
}

impl Ended {
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: Some(message.into()) }
    }

    /// Tells what is to be told.
    pub(crate) fn tell(self, console: &Console) -> Exit {
        if let Some(message) = &self.message {
            console.problem(&format!("{} {message}", console.style().bad("error:")));
        }
        self.exit
    }
}

/// A failure of an experiment's own.
pub(crate) fn failed(error: &(dyn std::error::Error + 'static)) -> Ended {
    Ended::new(Exit::Failed, one_line(error))
}

/// An experiment that is not built yet, and what its run left.
pub(crate) struct Trained {
    pub(crate) name: String,
    pub(crate) experiment: Box<dyn Experiment>,
    /// What stands in `result.json`, if the run has one.
    pub(crate) result: Option<RunResult>,
    pub(crate) weights: TensorMap,
}

/// Where a run is kept.
struct Place {
    state: StateManager,
    name: String,
    config: ExperimentConfig,
}

impl Trained {
    /// Finds what the command line means; nothing is built, and no data is read.
    pub(crate) fn find(factory: &ExperimentFactory, arguments: &ModelArgs, console: &Console) -> Result<Self, Ended> {
        let threads = setup::threads(arguments.threads);
        // Only a pool that exists already is an error, and then it is used as it is.
        let _ = rayon::ThreadPoolBuilder::new().num_threads(threads).use_current_thread().build_global();
        let Place { state, name, config } = place(arguments, console)?;
        let mut problems = Problems::new();
        let prepared = factory.prepare(&config, &mut problems).filter(|_| !problems.has_errors());
        let Some(prepared) = prepared else { return Err(reported(problems, console)) };
        let result = state.document(&name, Document::Result);
        let result = result.map_err(|error| Ended::new(Exit::Storage, one_line(&error)))?;
        let result = result.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let weights = weights(&state, &name, arguments)?;
        Ok(Self { name, experiment: (prepared.build)(), result, weights })
    }
}

/// A config file by its path, else a run by its folder or its name.
fn place(arguments: &ModelArgs, console: &Console) -> Result<Place, Ended> {
    let path = Path::new(&arguments.model);
    if path.is_file() {
        let mut problems = Problems::new();
        let configs = ConfigManager::read(&[PathBuf::from(path)], &arguments.overrides, &mut problems);
        return match <[ExperimentConfig; 1]>::try_from(configs) {
            Ok([config]) if !problems.has_errors() => {
                Ok(Place { state: StateManager::new(&arguments.results), name: config.name.to_string(), config })
            }
            _ => Err(reported(problems, console)),
        };
    }
    if !arguments.overrides.is_empty() {
        let message = "what a run was trained with cannot be overridden; name a config file to change it";
        return Err(Ended::new(Exit::Usage, message));
    }
    let (results, name) = match (path.parent(), path.file_name().and_then(|name| name.to_str())) {
        (Some(parent), Some(name)) if path.join("config.json").is_file() && !parent.as_os_str().is_empty() => {
            (parent.to_owned(), name.to_owned())
        }
        _ => (arguments.results.clone(), arguments.model.clone()),
    };
    let results = StateManager::new(results);
    let (state, name) = if name.contains('/') { located(&results, &name) } else { (results, name) };
    let config = state.document(&name, Document::Config);
    let config = config.map_err(|error| Ended::new(Exit::Usage, one_line(&error)))?;
    let Some(config) = config else { return Err(Ended::new(Exit::Usage, no_run(&state, &name))) };
    let config = ConfigManager::from_text("config.json", &String::from_utf8_lossy(&config));
    let config = config.map_err(|problems| {
        report::show(&problems, console);
        Ended { exit: Exit::Usage, message: None }
    })?;
    Ok(Place { state, name, config })
}

/// Says what there is instead of a run that is not there.
fn no_run(state: &StateManager, name: &str) -> String {
    let runs = names(state);
    let results = state.results().display();
    let known = match steadfast_config::suggest(name, runs.iter().map(String::as_str)) {
        Some(near) => format!("; did you mean `{near}`?"),
        None if runs.is_empty() => "; there are no runs there".to_owned(),
        None => format!("; there is: {}", runs.join(", ")),
    };
    format!("there is no config file and no run `{name}` in {results}{known}")
}

fn weights(state: &StateManager, name: &str, arguments: &ModelArgs) -> Result<TensorMap, Ended> {
    let file = if arguments.last { ModelFile::Last } else { ModelFile::Best };
    let found = match &arguments.weights {
        Some(path) => read_model(path),
        None => state.model(name, file),
    };
    found.map_err(|error| {
        let help = if arguments.weights.is_none() { "; train it first, or name a file with --weights" } else { "" };
        Ended::new(Exit::Failed, format!("there are no weights: {}{help}", one_line(&error)))
    })
}

fn reported(problems: Problems, console: &Console) -> Ended {
    report::show(&problems.into_report(), console);
    Ended { exit: Exit::Usage, message: None }
}
