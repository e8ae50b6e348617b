//! What can be told to `runner sweep`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::args::{Isolation, OnFailureArg, OutputArgs, ResumeMode, RunArgs, parse_duration};
use crate::trackers::TrackerArgs;

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own on the command line")]
#[command(after_help = "Examples:\n  \
    runner sweep configs/sweeps/digits-grid.json                  run all of it, or go on where it stopped\n  \
    runner sweep configs/sweeps/                                  one sweep after another\n  \
    runner sweep configs/sweeps/digits-grid.json -n               every run, and what a start would do with it\n  \
    runner sweep configs/sweeps/digits-tpe.json n=40              more trials; those that are done stay\n  \
    runner sweep digits.json base.hyperparams.epochs=2            another base: a key of the config behind `base.`\n  \
    runner sweep configs/sweeps/digits-grid.json --json           the leaderboard for programs\n\n\
    A run is called SWEEP/VALUES@FINGERPRINT, and `list`, `show`, `best` and `compare` know it by that name.\n\
    The same command continues; a run that is done is never repeated, and `n` is the number of trials in all.")]
pub(crate) struct SweepArgs {
    /// Sweep files, folders of them, and overrides such as `n=40` or `base.hyperparams.epochs=2`.
    #[arg(value_name = "PATH|KEY=VALUE", required = true)]
    pub(super) targets: Vec<String>,
    /// Where results are kept; each sweep has a folder of its own there.
    #[arg(long, value_name = "DIR", default_value = "results")]
    pub(super) results: PathBuf,
    /// Move the sweep's folder aside (nothing is deleted) and start anew.
    #[arg(long)]
    pub(super) fresh: bool,
    /// Say what would be done with each run, and stop.
    #[arg(long, short = 'n')]
    pub(super) dry_run: bool,
    /// What a failed run means for the ones after it [default: as its config says].
    #[arg(long, value_enum)]
    on_failure: Option<OnFailureArg>,
    /// Same as `--on-failure abort`.
    #[arg(long)]
    fail_fast: bool,
    /// Attempts after a failure that can pass by itself, such as a full disk [default: as the config says].
    #[arg(long, value_name = "N")]
    retries: Option<u32>,
    /// Run again what has failed for good, such as a run that diverged.
    #[arg(long)]
    pub(super) retry_failed: bool,
    /// Stop, resumable, after this time: `90s`, `30m`, `2h`.
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    max_time: Option<Duration>,
    /// Threads for computing [default: `RAYON_NUM_THREADS`, else all cores].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Run each experiment in a process of its own, or all in this one.
    #[arg(long, value_enum, default_value_t = Isolation::Process)]
    isolation: Isolation,
    /// Show at most so many rows of each leaderboard; the file and `--json` hold all.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(super) limit: usize,
    /// Print the leaderboards as JSON.
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) trackers: TrackerArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

impl SweepArgs {
    /// The same for the queue, as if its runs had been named one by one.
    pub(super) fn for_runs(&self) -> RunArgs {
        RunArgs {
            targets: self.targets.clone(),
            results: self.results.clone(),
            resume: ResumeMode::Auto,
            // The sweep's folder is moved as a whole, not run by run.
            fresh: false,
            fork: None,
            only: Vec::new(),
            on_failure: self.on_failure,
            fail_fast: self.fail_fast,
            retries: self.retries,
            retry_failed: self.retry_failed,
            fast_dev_run: false,
            dry_run: self.dry_run,
            max_time: self.max_time,
            max_steps: None,
            threads: self.threads,
            isolation: self.isolation,
            json: self.json,
            trackers: self.trackers.clone(),
            output: self.output,
        }
    }
}
