//! The verb: the terminal taken, drawn on, and given back.

use std::io::{self, IsTerminal as _, stdin, stdout};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use ratatui::crossterm::event;
use ratatui::{DefaultTerminal, try_init, try_restore};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use steadfast_experiment::one_line;

use super::board::{Board, Reader};
use super::keys::{Choice, Reaction, react};
use super::palette::Palette;
use super::view;
use crate::args::ColorArg;
use crate::exit_code::Exit;
use crate::look::LookArgs;

/// How often the files are read. A folder with so many runs that it takes long is read less often.
const INTERVAL: Duration = Duration::from_secs(1);

/// At most this share of the time goes into reading: one part in so many.
const SHARE: u32 = 10;

/// How long a key or a signal may go unnoticed.
const POLL: Duration = Duration::from_millis(250);

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    runner top                       what runs in results/, while it runs or afterwards\n  \
    runner top /scratch/results      another folder, such as the one that jobs of a cluster share\n\n\
    Keys: up and down choose a run, m another metric, l the log alone, f whatever runs, q leaves.\n\
    It only reads files: the runs neither wait for it nor end with it.")]
pub(crate) struct TopArgs {
    /// The folder with the results.
    #[arg(value_name = "RESULTS", default_value = "results")]
    results: PathBuf,
    /// Whether to use colors.
    #[arg(long, value_enum, default_value_t = ColorArg::Auto)]
    color: ColorArg,
}

/// Gives the terminal back, however this ends.
struct Taken;

impl Drop for Taken {
    fn drop(&mut self) {
        // A terminal that is gone needs nothing.
        let _ = try_restore();
    }
}

pub(crate) fn run(arguments: &TopArgs) -> Exit {
    let look = LookArgs { json: false, color: arguments.color };
    if !stdout().is_terminal() || !stdin().is_terminal() {
        return look.usage_error("`top` needs a terminal; `runner list` prints the same once");
    }
    match watch(arguments, Palette { colored: look.style().is_colored() }) {
        Ok(()) => Exit::Done,
        Err(error) => {
            look.complain(&one_line(&error));
            Exit::Internal
        }
    }
}

fn watch(arguments: &TopArgs, palette: Palette) -> io::Result<()> {
    let leave = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(&leave))?;
    }
    let reader = Reader::new(&arguments.results);
    let taken = Taken;
    let mut terminal = try_init()?;
    let ended = show(&mut terminal, &reader, &leave, palette);
    drop(taken);
    ended
}

fn show(terminal: &mut DefaultTerminal, reader: &Reader, leave: &AtomicBool, palette: Palette) -> io::Result<()> {
    let mut choice = Choice::default();
    let mut board = Board::default();
    let mut due = Instant::now();
    while !leave.load(Ordering::Relaxed) {
        if Instant::now() >= due {
            let started = Instant::now();
            board = reader.board(choice.name.as_deref());
            due = Instant::now() + INTERVAL.max(started.elapsed() * SHARE);
        }
        terminal.draw(|frame| view::draw(frame, &board, &choice, palette))?;
        let wait = due.saturating_duration_since(Instant::now()).min(POLL);
        if !event::poll(wait)? {
            continue;
        }
        match react(&event::read()?, &mut choice, &board) {
            Reaction::Quit => break,
            Reaction::Read => due = Instant::now(),
            Reaction::Draw | Reaction::Nothing => {}
        }
    }
    Ok(())
}
