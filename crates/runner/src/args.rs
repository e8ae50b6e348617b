//! What can be typed.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::best::BestArgs;
use crate::check::CheckArgs;
use crate::compare::{CompareArgs, DiffArgs};
use crate::evaluate::EvaluateArgs;
use crate::explain::ExplainArgs;
use crate::export::ExportArgs;
use crate::html_report::ReportArgs;
use crate::list::ListArgs;
use crate::manual::CompletionsArgs;
use crate::predict::PredictArgs;
use crate::reference::ReferenceArgs;
use crate::schema::SchemaArgs;
use crate::show::ShowArgs;
use crate::show_log::LogsArgs;
use crate::slurm::SlurmArgs;
use crate::sweep::SweepArgs;
use crate::top::TopArgs;
use crate::trackers::TrackerArgs;
use crate::zoo::ZooArgs;

/// Runs experiments strictly one after another and never loses their work.
#[derive(Debug, Parser)]
#[command(
    name = "runner",
    version,
    args_conflicts_with_subcommands = true,
    arg_required_else_help = true,
    after_help = "Examples:\n  \
        runner configs/                          run every config in the folder, or continue where it stopped\n  \
        runner configs/digits-cnn.json seed=1    run one config with another seed\n  \
        runner check configs/                    find every problem before anything runs\n  \
        runner explain configs/digits-cnn.json   where each value comes from\n  \
        runner sweep configs/sweeps/             run configs with many values, and rank what came of it\n  \
        runner compare                           what differs between the runs, and what came of it\n  \
        runner report                            one HTML file about all of them\n\n\
        Exit codes: 0 done, 1 an experiment failed, 2 usage or config error, 3 resume refused, 4 run held by another\n\
        process, 5 storage failed, 6 no valid checkpoint, 70 internal error, 130/143 interrupted (run again to continue)"
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) verb: Option<Verb>,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Run every experiment, strictly one after another (the default).
    Run(RunArgs),
    /// Run one config with many values: grids, random draws, searches that learn.
    Sweep(SweepArgs),
    /// Find every problem of every config, and try each experiment; nothing is kept.
    Check(CheckArgs),
    /// Apply the model of a run to samples of your own, from a safetensors or npy file to another.
    Predict(PredictArgs),
    /// Measure a run on a part of its data.
    Evaluate(EvaluateArgs),
    /// List what stands in the results folder: filtered, sorted, cut.
    List(ListArgs),
    /// Show everything about one run.
    Show(ShowArgs),
    /// Watch the queue, the curves and the log of what is running, on the whole terminal.
    Top(TopArgs),
    /// Print the log of a run, and follow it while it is written.
    Logs(LogsArgs),
    /// Put runs side by side: the parameters that differ, and what came of them.
    Compare(CompareArgs),
    /// Say what differs between two runs, or between a run and a config.
    Diff(DiffArgs),
    /// Say which runs came out best by a metric.
    Best(BestArgs),
    /// Make one HTML file about many runs: a table, curves, what mattered, what failed.
    Report(ReportArgs),
    /// Give runs to TensorBoard, MLflow, a spreadsheet or a Markdown page.
    Export(ExportArgs),
    /// Hand a batch to a cluster with Slurm, as jobs that save ahead of their limit and queue themselves again.
    Slurm(SlurmArgs),
    /// Show the resolved config, and where each value comes from.
    Explain(ExplainArgs),
    /// List everything that a config can name.
    Zoo(ZooArgs),
    /// Print the JSON Schema of a config, for editors.
    Schema(SchemaArgs),
    /// Prove on your own configs that killing loses nothing: train whole, train with kills, compare the bytes.
    VerifyResume(VerifyArgs),
    /// Print the completion script of a shell.
    Completions(CompletionsArgs),
    /// Print the manual page.
    Man,
    /// Print a page of the reference. For the project's own use.
    #[command(hide = true)]
    Reference(ReferenceArgs),
    /// Try one experiment as told on standard input. For the program's own use.
    #[command(hide = true)]
    Trial,
    /// Run one experiment as told on standard input. For the program's own use.
    #[command(hide = true)]
    Worker,
}

#[derive(Debug, Clone, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own on the command line")]
pub(crate) struct RunArgs {
    /// Config files, folders of them, and overrides such as `hyperparams.lr=0.01`.
    #[arg(value_name = "PATH|KEY=VALUE", required = true)]
    pub(crate) targets: Vec<String>,
    /// Where results are kept.
    #[arg(long, value_name = "DIR", default_value = "results")]
    pub(crate) results: PathBuf,
    /// What to do with a run that exists already: continue it, refuse to, or insist on it.
    #[arg(long, value_enum, default_value_t = ResumeMode::Auto)]
    pub(crate) resume: ResumeMode,
    /// Move existing runs aside (nothing is deleted) and start anew.
    #[arg(long)]
    pub(crate) fresh: bool,
    /// Begin a new run of this name with the newest state of the config's run; the config may be changed.
    #[arg(long, value_name = "NEWNAME", conflicts_with = "only")]
    pub(crate) fork: Option<String>,
    /// Run only this experiment; may be given several times.
    #[arg(long, value_name = "NAME")]
    pub(crate) only: Vec<String>,
    /// What a failed experiment means for the ones after it [default: as its config says].
    #[arg(long, value_enum)]
    pub(crate) on_failure: Option<OnFailureArg>,
    /// Same as `--on-failure abort`.
    #[arg(long)]
    pub(crate) fail_fast: bool,
    /// Attempts after a failure that can pass by itself, such as a full disk [default: as the config says].
    #[arg(long, value_name = "N")]
    pub(crate) retries: Option<u32>,
    /// Run only what has failed before.
    #[arg(long, conflicts_with_all = ["fresh", "fork"])]
    pub(crate) retry_failed: bool,
    /// Two steps and a validation of each experiment, in a throw-away folder, to see that everything works.
    #[arg(long, conflicts_with_all = ["fork", "retry_failed", "dry_run", "results"])]
    pub(crate) fast_dev_run: bool,
    /// Say what would be done with each experiment, and stop.
    #[arg(long, short = 'n')]
    pub(crate) dry_run: bool,
    /// Stop, resumable, after this time: `90s`, `30m`, `2h`.
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub(crate) max_time: Option<Duration>,
    /// Stop each experiment, resumable, after this many more steps.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) max_steps: Option<u64>,
    /// Threads for computing [default: `RAYON_NUM_THREADS`, else all cores].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
    /// Run each experiment in a process of its own, or all in this one.
    #[arg(long, value_enum, default_value_t = Isolation::Process)]
    pub(crate) isolation: Isolation,
    /// Print the closing table as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) trackers: TrackerArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    runner verify-resume configs/digits-cnn.json --kills 20\n  \
    runner verify-resume configs/ hyperparams.epochs=2    shorter, to be done sooner\n\n\
    Everything happens in a throw-away folder; results/ is neither read nor written.\n\
    Exit codes: 0 identical, 1 something differs or an experiment failed, 2 usage or config error")]
pub(crate) struct VerifyArgs {
    /// Config files, folders of them, and overrides such as `hyperparams.epochs=2`.
    #[arg(value_name = "PATH|KEY=VALUE", required = true)]
    pub(crate) targets: Vec<String>,
    /// Kills of each experiment.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) kills: u32,
    /// Another seed kills at other moments.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Threads for computing [default: `RAYON_NUM_THREADS`, else all cores].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
    /// Print the outcome as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct OutputArgs {
    /// Say more (twice: everything).
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Say only what went wrong.
    #[arg(short, long, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Level of the log files.
    #[arg(long, value_enum, default_value_t = LogLevel::Info)]
    pub(crate) log_level: LogLevel,
    /// Form of the log files and of progress off a terminal.
    #[arg(long, value_enum, default_value_t = LogFormatArg::Text)]
    pub(crate) log_format: LogFormatArg,
    /// Whether to use colors.
    #[arg(long, value_enum, default_value_t = ColorArg::Auto)]
    pub(crate) color: ColorArg,
}

impl OutputArgs {
    /// Nothing but how to color.
    pub(crate) fn of_color(color: ColorArg) -> Self {
        Self { verbose: 0, quiet: false, log_level: LogLevel::Info, log_format: LogFormatArg::Text, color }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, serde::Serialize, serde::Deserialize)]
pub(crate) enum ResumeMode {
    /// Continue a run that exists, start one that does not.
    Auto,
    /// Refuse to touch a run that exists.
    Never,
    /// Refuse to start a run that does not exist.
    Must,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnFailureArg {
    /// Go on with the next one.
    Skip,
    /// Run nothing more.
    Abort,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Isolation {
    /// A crash or an out-of-memory kill takes one experiment only.
    Process,
    /// For debuggers.
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, serde::Serialize, serde::Deserialize)]
pub(crate) enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, serde::Serialize, serde::Deserialize)]
pub(crate) enum LogFormatArg {
    Text,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorArg {
    Auto,
    Always,
    Never,
}

/// Splits what stands on the command line into paths and overrides: an argument that holds `=` is an override.
pub(crate) fn split_targets(targets: &[String]) -> (Vec<PathBuf>, Vec<String>) {
    let (overrides, paths): (Vec<&String>, Vec<&String>) = targets.iter().partition(|target| target.contains('='));
    (paths.into_iter().map(PathBuf::from).collect(), overrides.into_iter().cloned().collect())
}

/// Reads `90s`, `30m`, `2h`, `1d` or plain seconds.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = match text.find(|character: char| character.is_ascii_alphabetic()) {
        Some(at) => text.split_at(at),
        None => (text, "s"),
    };
    let seconds_per_unit = match unit {
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        "d" => 86400.0,
        _ => return Err(format!("unknown unit `{unit}`; use s, m, h or d")),
    };
    let number: f64 = number.trim().parse().map_err(|_| format!("`{text}` is not a time such as 90s, 30m or 2h"))?;
    Duration::try_from_secs_f64(number * seconds_per_unit).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn no_verb_means_run() {
        let cli = Cli::parse_from(["runner", "configs/", "seed=1"]);
        assert!(cli.verb.is_none());
        let (paths, overrides) = split_targets(&cli.run.targets);
        assert_eq!((paths, overrides), (vec![PathBuf::from("configs/")], vec!["seed=1".to_owned()]));
    }

    #[test]
    fn times_have_units() {
        assert_eq!(parse_duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(parse_duration("1.5h"), Ok(Duration::from_mins(90)));
        assert_eq!(parse_duration("7"), Ok(Duration::from_secs(7)));
        for bad in ["", "h", "2 weeks", "-1s", "1e400s"] {
            assert!(parse_duration(bad).is_err(), "{bad}");
        }
    }
}
