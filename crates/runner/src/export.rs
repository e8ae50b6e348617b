//! `runner export`: runs for TensorBoard, MLflow, spreadsheets and pages.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use steadfast_experiment::one_line;
use steadfast_interop::{Mlflow, TrackedRun, Update, event_file, history_csv, markdown, runs_csv};
use steadfast_state::{StateError, StateManager, write_file};

use crate::args::ColorArg;
use crate::exit_code::Exit;
use crate::grid::remark;
use crate::look::LookArgs;
use crate::number::plural;
use crate::run::{Run, Runs};
use crate::selection::SelectArgs;
use crate::tracked;

/// How long one request to a server may take.
const REQUEST_LIMIT: Duration = Duration::from_secs(30);

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    runner export tensorboard                      an event file in every run folder; tensorboard --logdir results\n  \
    runner export tensorboard -o events            the same in a folder of their own\n  \
    runner export csv -o runs.csv                  one line per run: config, best and last figures\n  \
    runner export csv --history digits-cnn         one line per epoch, on standard output\n  \
    runner export markdown --sort val_loss --limit 5\n  \
    runner export mlflow --url http://localhost:5000\n\n\
    Every export can be repeated: what is there already stays, what is new is added once.")]
pub(crate) struct ExportArgs {
    /// For whom.
    #[arg(value_enum, value_name = "FORMAT")]
    format: Format,
    /// The runs; all of them if none is named.
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Where it goes: a file, `-` for standard output [default], or for tensorboard a folder [default: the run's own].
    #[arg(long, short, value_name = "PATH")]
    output: Option<PathBuf>,
    /// With csv: every epoch of every run.
    #[arg(long)]
    history: bool,
    /// With mlflow: address of the tracking server.
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// With mlflow: the experiment that runs go into.
    #[arg(long, value_name = "NAME", default_value = "Steadfast")]
    experiment: String,
    /// Where results are kept.
    #[arg(long, value_name = "DIR", default_value = "results")]
    results: PathBuf,
    #[command(flatten)]
    select: SelectArgs,
    /// Whether to use colors.
    #[arg(long, value_enum, default_value_t = ColorArg::Auto)]
    color: ColorArg,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Event files: scalars, hyperparameters, the confusion matrix as a picture.
    Tensorboard,
    /// A table for spreadsheets and programs.
    Csv,
    /// A table for a README or a pull request: what differs, and the figures.
    Markdown,
    /// Runs on a tracking server.
    Mlflow,
}

pub(crate) fn run(arguments: &ExportArgs) -> Exit {
    let look = LookArgs { json: false, color: arguments.color };
    if let Err(message) = arguments.check() {
        return look.usage_error(&message);
    }
    let (places, runs) = match arguments.choose(look) {
        Ok(chosen) => chosen,
        Err(exit) => return exit,
    };
    match arguments.format {
        Format::Tensorboard => arguments.events(&places, &runs, look),
        Format::Csv if arguments.history => arguments.deliver(&history_csv(&runs), look),
        Format::Csv => arguments.deliver(&runs_csv(&runs), look),
        Format::Markdown => arguments.deliver(&markdown(&runs), look),
        Format::Mlflow => arguments.send(&runs, look),
    }
}

impl ExportArgs {
    /// Options that mean nothing for this format.
    fn check(&self) -> Result<(), String> {
        match (self.format, &self.url) {
            (Format::Mlflow, None) => {
                return Err("mlflow needs the address of its server, as in --url http://localhost:5000".to_owned());
            }
            (Format::Tensorboard | Format::Csv | Format::Markdown, Some(_)) => {
                return Err("--url is for mlflow alone".to_owned());
            }
            _ => {}
        }
        if self.history && self.format != Format::Csv {
            return Err("--history is for csv alone".to_owned());
        }
        if self.format == Format::Mlflow && self.output.is_some() {
            return Err("mlflow writes no file: -o is for the other formats".to_owned());
        }
        Ok(())
    }

    /// The runs on disk, and what is told of each.
    fn choose(&self, look: LookArgs) -> Result<(Vec<Run>, Vec<TrackedRun>), Exit> {
        let all = Runs::new(&self.results, look);
        let runs: Vec<Run> = if self.names.is_empty() {
            all.all()?
        } else {
            self.names.iter().map(|name| all.named(name)).collect::<Result<_, _>>()?
        };
        let runs = self.select.choose(runs).map_err(|message| look.usage_error(&message))?;
        if runs.is_empty() {
            remark(&format!("no runs in {}", self.results.display()));
        }
        let failed = |error: StateError| {
            look.complain(&one_line(&error));
            Exit::Storage
        };
        let mut chosen = (Vec::new(), Vec::new());
        for run in runs {
            let (state, folder) = run.place();
            if let Some(tracked) = tracked::read(state, folder).map_err(failed)? {
                chosen.0.push(run);
                chosen.1.push(tracked);
            }
        }
        Ok(chosen)
    }

    /// Text to where it is wanted.
    fn deliver(&self, text: &str, look: LookArgs) -> Exit {
        let delivered = match self.output.as_deref() {
            Some(path) if path != Path::new("-") => write_file(path, text.as_bytes()).map_err(|error| one_line(&error)),
            _ => match io::stdout().lock().write_all(text.as_bytes()) {
                // Whoever reads has seen enough.
                Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.to_string()),
                _ => Ok(()),
            },
        };
        match delivered {
            Ok(()) => Exit::Done,
            Err(message) => {
                look.complain(&message);
                Exit::Storage
            }
        }
    }

    fn events(&self, places: &[Run], runs: &[TrackedRun], look: LookArgs) -> Exit {
        let mut exit = Exit::Done;
        for (place, run) in places.iter().zip(runs) {
            let written = match self.output.as_deref() {
                Some(folder) => write_apart(folder, run),
                None => match write_beside(place.place(), run) {
                    Err(error @ StateError::Held { .. }) => {
                        let why = one_line(&error);
                        remark(&format!("{}: left out, {why}; --tensorboard writes while it trains", run.name));
                        Ok(())
                    }
                    written => written.map_err(|error| one_line(&error)),
                },
            };
            if let Err(message) = written {
                look.complain(&message);
                exit = exit.and(Exit::Storage);
            }
        }
        let folder = self.output.as_deref().unwrap_or(&self.results);
        if exit == Exit::Done && !runs.is_empty() {
            remark(&format!(
                "{}; look with: tensorboard --logdir {}",
                plural(runs.len() as u64, "run"),
                folder.display()
            ));
        }
        exit
    }

    fn send(&self, runs: &[TrackedRun], look: LookArgs) -> Exit {
        let url = self.url.as_deref().unwrap_or_default();
        let mut server = match Mlflow::new(url, &self.experiment, REQUEST_LIMIT) {
            Ok(server) => server,
            Err(error) => return look.usage_error(&one_line(&error)),
        };
        for (done, run) in runs.iter().enumerate() {
            match server.sync(run) {
                Ok(synced) => {
                    let what = match (synced.created, synced.rows) {
                        (true, rows) => format!("new, {}", plural(rows as u64, "epoch")),
                        (false, 0) => "known already".to_owned(),
                        (false, rows) => format!("{} more", plural(rows as u64, "epoch")),
                    };
                    remark(&format!("{}: {what}", run.name));
                }
                Err(error) => {
                    let rest = plural((runs.len() - done) as u64, "run");
                    look.complain(&format!(
                        "{}: {}; {rest} not sent, the same command goes on",
                        run.name,
                        one_line(&error)
                    ));
                    return Exit::Failed;
                }
            }
        }
        Exit::Done
    }
}

/// Into the run's own folder, under its lock: nobody else writes the same file.
fn write_beside((state, folder): (&StateManager, &str), run: &TrackedRun) -> Result<(), StateError> {
    let _lock = state.open(folder)?;
    tracked::write_events(state, folder, run)
}

/// Into a folder of its own somewhere else.
fn write_apart(folder: &Path, run: &TrackedRun) -> Result<(), String> {
    let folder = folder.join(&run.name);
    let path = folder.join(steadfast_interop::EVENT_FILE);
    let old = fs_err::read(&path).ok();
    let bytes = match event_file(run, old.as_deref()) {
        Update::Keep => return Ok(()),
        Update::Replace(bytes) => bytes,
        Update::Append { at, bytes } => {
            let mut whole = old.unwrap_or_default();
            whole.truncate(usize::try_from(at).unwrap_or(usize::MAX));
            whole.extend(bytes);
            whole
        }
    };
    fs_err::create_dir_all(&folder).map_err(|error| error.to_string())?;
    write_file(&path, &bytes).map_err(|error| one_line(&error))
}
