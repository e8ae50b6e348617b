//! The verb: the terminal taken, drawn on, and given back.

use std::io::{self, IsTerminal as _, stdin, stdout};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use ratatui::crossterm::event::{self, Event};
use ratatui::{DefaultTerminal, try_init, try_restore};
use rustix::termios::tcgetattr;
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
    if !is_there(&stdout()) {
        // Its end would complain on a terminal that is not there, and abort the program for that.
        std::mem::forget(terminal);
        return Ok(());
    }
    drop(taken);
    ended
}

/// What is typed, read on a thread of its own: a read on a terminal that has gone never comes back.
fn events() -> io::Result<Receiver<io::Result<Event>>> {
    let (sender, events) = mpsc::channel();
    let read = move || {
        loop {
            let event = event::read();
            let is_last = event.is_err();
            if sender.send(event).is_err() || is_last {
                break;
            }
        }
    };
    thread::Builder::new().name("keys".to_owned()).spawn(read)?;
    Ok(events)
}

/// Whether a terminal has not been closed.
fn is_there(terminal: &impl AsFd) -> bool {
    tcgetattr(terminal).is_ok()
}

fn show(terminal: &mut DefaultTerminal, reader: &Reader, leave: &AtomicBool, palette: Palette) -> io::Result<()> {
    let mut choice = Choice::default();
    let mut board = Board::default();
    let mut due = Instant::now();
    let events = events()?;
    while !leave.load(Ordering::Relaxed) {
        if Instant::now() >= due {
            let started = Instant::now();
            board = reader.board(choice.name.as_deref());
            due = Instant::now() + INTERVAL.max(started.elapsed() * SHARE);
        }
        terminal.draw(|frame| view::draw(frame, &board, &choice, palette))?;
        let wait = due.saturating_duration_since(Instant::now()).min(POLL);
        let event = match events.recv_timeout(wait) {
            Ok(event) => event?,
            Err(RecvTimeoutError::Timeout) if is_there(&stdin()) => continue,
            Err(_) => break,
        };
        match react(&event, &mut choice, &board) {
            Reaction::Quit => break,
            Reaction::Read => due = Instant::now(),
            Reaction::Draw | Reaction::Nothing => {}
        }
    }
    Ok(())
}
