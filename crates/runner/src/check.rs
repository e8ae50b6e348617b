//! `runner check`: every problem of every config, found before anything runs.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};
use steadfast_config::{ConfigManager, ConfigReport, Node, Problems};
use steadfast_experiment::ExperimentFactory;
use steadfast_state::StateManager;

use crate::args::{OutputArgs, split_targets};
use crate::batch::{self, Loaded, Queued};
use crate::console::Console;
use crate::cross_check::{self, Tried};
use crate::exit_code::Exit;
use crate::forecast::Forecast;
use crate::grid::{Cell, Column, Grid, Look, say, say_json, terminal_width};
use crate::number::{bytes, count, duration, plural};
use crate::report::show;
use crate::style::Style;
use crate::trial::{Trial, try_apart};
use crate::{room, setup};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    runner check configs/                  read every config, and try each experiment\n  \
    runner check configs/ --static         read every config only: a thousand in under a second\n  \
    runner check configs/ --json           the problems for programs, with file, line and column\n\n\
    A trial reads the data, builds the model, does one step, a validation, and a checkpoint there and back, in a process \
    and a folder of its own. The results folder is only looked at.\n\
    Exit codes: 0 no errors, 2 something has to be mended")]
pub(crate) struct CheckArgs {
    /// Config files, folders of them, and overrides such as `hyperparams.lr=0.01`.
    #[arg(value_name = "PATH|KEY=VALUE", required = true)]
    pub(crate) targets: Vec<String>,
    /// Where results would be kept.
    #[arg(long, value_name = "DIR", default_value = "results")]
    results: PathBuf,
    /// Look at the configs only; read no data and build no model.
    #[arg(long = "static")]
    only_static: bool,
    /// Threads for computing [default: `RAYON_NUM_THREADS`, else all cores].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Print problems and trials as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    output: OutputArgs,
}

/// One experiment that was looked at.
struct Checked<'a> {
    queued: &'a Queued,
    trial: Option<Trial>,
    next: Forecast,
}

/// Loads and checks as a run would, and then tries each experiment.
pub(crate) fn run(factory: &ExperimentFactory, arguments: &CheckArgs) -> Exit {
    let console = Console::new(arguments.output);
    let loaded = match batch::load(factory, &arguments.targets) {
        Ok(loaded) => loaded,
        Err(report) => return refuse(&report, arguments, &console),
    };
    let state = StateManager::new(&arguments.results);
    let mut problems = Problems::new();
    let mut checked: Vec<Checked<'_>> =
        loaded.queue.iter().map(|queued| Checked { queued, trial: None, next: Forecast::of(&state, queued) }).collect();
    for (one, config) in checked.iter().zip(&loaded.configs) {
        if let Forecast::Refused(_) | Forecast::Held(_) = one.next {
            let message = format!("a start would {}", one.next.in_words());
            problems.warning(&config.name.span, message).at(&config.name.path);
        }
    }
    if !arguments.only_static {
        try_all(&mut checked, &loaded, arguments, &console, &mut problems);
    }
    if let Some(warnings) = loaded.warnings.as_ref().filter(|_| !arguments.json) {
        show(warnings, &console);
    }
    let failed = problems.has_errors();
    let report = problems.into_report();
    if arguments.json {
        say_json(&as_json(&checked, loaded.warnings.as_ref(), &report));
    } else {
        if !arguments.only_static {
            say(&table(&checked, Style::choose(arguments.output.color, &std::io::stdout())));
        }
        tell(&report, loaded.queue.len(), loaded.warnings.is_some(), &console);
    }
    if failed { Exit::Usage } else { Exit::Done }
}

/// The verdict in words.
fn tell(report: &ConfigReport, configs: usize, warned: bool, console: &Console) {
    let configs = plural(configs as u64, "config");
    if !report.is_empty() {
        show(report, console);
    }
    if report.has_errors() {
        return;
    }
    if warned || !report.is_empty() {
        console.line(&format!("warnings only: {configs} can be run"));
    } else {
        console.line(&console.style().good(format!("no problems in {configs}")));
    }
}

fn refuse(report: &ConfigReport, arguments: &CheckArgs, console: &Console) -> Exit {
    if arguments.json {
        say_json(&json!({"ok": false, "problems": report.to_json(), "experiments": []}));
    } else {
        show(report, console);
    }
    Exit::Usage
}

/// Tries one experiment after another, and holds what was seen against its config and the disk.
fn try_all(
    checked: &mut [Checked<'_>],
    loaded: &Loaded,
    arguments: &CheckArgs,
    console: &Console,
    problems: &mut Problems,
) {
    let (paths, overrides) = split_targets(&arguments.targets);
    let trees = ConfigManager::trees(&paths, &overrides, &mut Problems::new());
    let nothing = Node::empty_object(steadfast_config::Source::new("<config>", "").whole());
    let threads = setup::threads(arguments.threads);
    let total = checked.len();
    let mut needed = 0_u64;
    for (index, one) in checked.iter_mut().enumerate() {
        let Some(config) = loaded.configs.get(index) else { continue };
        console.line(&console.style().dim(format!("trying {}/{total} {}", index + 1, one.queued.name())));
        let outcome = try_apart(one.queued.config(), threads);
        let root = trees.get(index).map_or(&nothing, |tree| &tree.root);
        cross_check::report(&Tried { config, root, outcome: &outcome }, problems);
        one.trial = outcome.ok();
        if let Some(trial) = &one.trial {
            // One more checkpoint than is kept: the newest is written before the oldest goes.
            let kept = config.checkpoint.keep as u64 + 1;
            needed =
                needed.saturating_add(trial.checkpoint_bytes.saturating_mul(kept).saturating_add(trial.model_bytes));
        }
    }
    if let Some(problem) = room::problem(&arguments.results, needed) {
        problems.push(problem);
    }
}

fn table(checked: &[Checked<'_>], style: Style) -> String {
    let mut columns = vec![Column::left("experiment")];
    columns.extend(["parameters", "steps", "step", "memory", "disk"].map(Column::right));
    columns.push(Column::prose("a start would"));
    let mut grid = Grid::new(columns);
    for one in checked {
        let mut row = vec![Cell::new(one.queued.name()).look(Look::Bold)];
        if let Some(trial) = &one.trial {
            let time = std::time::Duration::try_from_secs_f64(trial.step_s).unwrap_or_default();
            let time = if trial.step_s < 1.0 { format!("{:.1} ms", trial.step_s * 1e3) } else { duration(time) };
            row.extend([count(trial.parameters), count(trial.steps_per_epoch), time].map(Cell::new));
            row.push(Cell::new(trial.peak_memory_bytes.map_or(String::new(), bytes)));
            row.push(Cell::new(bytes(trial.checkpoint_bytes)));
            let is_stopped = matches!(one.next, Forecast::Refused(_) | Forecast::Held(_));
            row.push(Cell::new(one.next.in_words()).look(if is_stopped { Look::Warn } else { Look::Plain }));
        } else {
            row.extend((0..5).map(|_| Cell::new("")));
            row.push(Cell::new("fail, see below").look(Look::Bad));
        }
        grid.row(row);
    }
    grid.render(terminal_width(), style)
}

fn as_json(checked: &[Checked<'_>], warnings: Option<&ConfigReport>, report: &ConfigReport) -> Value {
    let all = [warnings.map(ConfigReport::to_json), Some(report.to_json())].into_iter().flatten();
    let problems: Vec<Value> = all.flat_map(|list| list.as_array().cloned().unwrap_or_default()).collect();
    let experiments = checked
        .iter()
        .map(|one| json!({"name": one.queued.name(), "trial": one.trial, "a_start_would": one.next.in_words()}));
    json!({"ok": !report.has_errors(), "problems": problems, "experiments": experiments.collect::<Value>()})
}
