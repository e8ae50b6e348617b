//! What every verb that starts experiments sets up first.

use std::{io, thread};

use crate::args::OutputArgs;
use crate::console::Console;
use crate::logs;
use crate::message::LogRequest;
use crate::signals::{Notice, Stop};

/// Listens for signals, and tells the user that they were heard.
pub(crate) fn listen(console: &Console) -> io::Result<Stop> {
    let speaker = console.clone();
    Stop::listen(move |notice| {
        let text = match notice {
            Notice::Stopping => "stopping after this step; press Ctrl-C again to quit at once",
            Notice::Quitting => "quit; the last checkpoint is safe, the same command continues from it",
        };
        speaker.problem(&format!("  {}", speaker.style().warn(text)));
        if notice == Notice::Quitting {
            speaker.release_terminal();
        }
    })
}

/// How the workers log.
pub(crate) fn log_request(output: OutputArgs, console: &Console) -> LogRequest {
    LogRequest {
        level: output.log_level,
        console_level: logs::console_level(output),
        format: output.log_format,
        color: console.style().is_colored(),
    }
}

/// As told, else what the thread pool would take, else every core this process may use.
pub(crate) fn threads(told: Option<u16>) -> usize {
    let environment = || std::env::var("RAYON_NUM_THREADS").ok()?.parse().ok().filter(|threads| *threads > 0);
    told.map(usize::from).or_else(environment).unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from))
}
