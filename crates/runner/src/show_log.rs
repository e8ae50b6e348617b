//! `runner logs`: what a run has written into its log, and what it goes on to write.

use std::io::{self, Write as _, stdout};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::Duration;

use clap::Args;
use signal_hook::consts::SIGINT;
use steadfast_experiment::one_line;
use steadfast_state::{RunStatus, StateManager};

use crate::args::ColorArg;
use crate::exit_code::Exit;
use crate::grid::{printable, remark};
use crate::log_files::{Follower, each_line, last_lines};
use crate::look::LookArgs;
use crate::run::{Run, Runs};

/// How often somebody who follows is told news.
const POLL: Duration = Duration::from_millis(200);

/// A run that nobody holds for so many polls is over: between two attempts at a failed one nobody does for a moment.
const QUIET_POLLS: u32 = 5;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    runner logs digits-cnn                 the whole log, rotated files included\n  \
    runner logs digits-cnn --lines 20      its last lines\n  \
    runner logs digits-cnn -f --lines 5    go on with it until the run ends or Ctrl-C is pressed")]
pub(crate) struct LogsArgs {
    /// The run.
    name: String,
    /// Go on with what is being written, until the run ends.
    #[arg(long, short)]
    follow: bool,
    /// Only so many of the last lines.
    #[arg(long, value_name = "N")]
    lines: Option<usize>,
    /// Where results are kept.
    #[arg(long, value_name = "DIR", default_value = "results")]
    results: PathBuf,
    /// Whether to use colors.
    #[arg(long, value_enum, default_value_t = ColorArg::Auto)]
    color: ColorArg,
}

pub(crate) fn run(arguments: &LogsArgs) -> Exit {
    let look = LookArgs { json: false, color: arguments.color };
    let run = match Runs::new(&arguments.results, look).named(&arguments.name) {
        Ok(run) => run,
        Err(exit) => return exit,
    };
    match print(arguments, &run) {
        Ok(()) => Exit::Done,
        // Whoever was reading has seen enough, as in `runner logs NAME | head`.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
        Err(error) => {
            look.complain(&one_line(&error));
            Exit::Storage
        }
    }
}

fn print(arguments: &LogsArgs, run: &Run) -> io::Result<()> {
    let name = run.name();
    let path = arguments.results.join(name).join("log.txt");
    let enough = Arc::new(AtomicBool::new(false));
    if arguments.follow {
        signal_hook::flag::register(SIGINT, Arc::clone(&enough))?;
    }
    let mut follower = Follower::new(&path);
    let mut told = 0_usize;
    let mut tell = |line: &str| {
        told += 1;
        say_line(line)
    };
    match arguments.lines {
        // What follows goes on exactly where this ends.
        lines if arguments.follow => {
            let there = follower.new_lines()?;
            let from = there.len().saturating_sub(lines.unwrap_or(usize::MAX));
            there[from..].iter().try_for_each(|line| tell(line))?;
        }
        None => each_line(&path, tell)?,
        Some(number) => last_lines(&path, number)?.iter().try_for_each(|line| tell(line))?,
    }
    stdout().flush()?;
    if told == 0 && arguments.lines != Some(0) {
        remark(&format!("the log of {name} is empty"));
    }
    if arguments.follow { follow(follower, run.place(), &enough) } else { Ok(()) }
}

/// Passes on what is written until the run is over or somebody presses Ctrl-C.
fn follow(mut follower: Follower, (state, folder): (&StateManager, &str), enough: &AtomicBool) -> io::Result<()> {
    let mut quiet = 0;
    while !enough.load(Ordering::Relaxed) {
        // Asked first, so that the last words of a run that has just ended are still read.
        let is_running =
            state.summary(folder).ok().flatten().is_some_and(|summary| summary.status == RunStatus::Running);
        let lines = follower.new_lines()?;
        quiet = if is_running || !lines.is_empty() { 0 } else { quiet + 1 };
        for line in lines {
            say_line(&line)?;
        }
        stdout().flush()?;
        if quiet >= QUIET_POLLS {
            break;
        }
        sleep(POLL);
    }
    Ok(())
}

/// A line without anything that could steer a terminal.
fn say_line(line: &str) -> io::Result<()> {
    writeln!(stdout().lock(), "{}", printable(line))
}
