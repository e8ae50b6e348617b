//! The terminal: lines of progress on standard error, with a bar below them where someone is looking.

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::args::{ColorArg, OutputArgs};
use crate::control_echo::NoControlEcho;
use crate::grid;
use crate::style::Style;

/// How often the bar may be drawn, in Hz.
const REFRESH: u8 = 10;

/// Standard error as a place for people. Cheap to clone; all clones share the bar.
#[derive(Debug, Clone)]
pub(crate) struct Console {
    bars: MultiProgress,
    shared: Arc<Settings>,
}

#[derive(Debug)]
struct Settings {
    style: Style,
    quiet: bool,
    terminal: Mutex<Option<NoControlEcho>>,
}

impl Console {
    /// A console as the options ask for.
    pub(crate) fn new(output: OutputArgs) -> Self {
        let stderr = io::stderr();
        let style = Style::choose(output.color, &stderr);
        let draw = stderr.is_terminal() && !output.quiet && output.color != ColorArg::Never;
        let target = if draw { ProgressDrawTarget::stderr_with_hz(REFRESH) } else { ProgressDrawTarget::hidden() };
        let bars = MultiProgress::with_draw_target(target);
        Self { bars, shared: Arc::new(Settings { style, quiet: output.quiet, terminal: Mutex::new(None) }) }
    }

    pub(crate) fn style(&self) -> Style {
        self.shared.style
    }

    /// How wide the terminal is, where there is one.
    pub(crate) fn width() -> Option<usize> {
        grid::width_of(&io::stderr())
    }

    /// Whether a bar would be seen.
    pub(crate) fn has_bar(&self) -> bool {
        !self.bars.is_hidden()
    }

    /// Prepares the terminal for a bar.
    pub(crate) fn take_terminal(&self) {
        if self.has_bar() {
            *self.terminal() = NoControlEcho::on_stderr();
        }
    }

    /// Leaves the terminal as it was found.
    pub(crate) fn release_terminal(&self) {
        *self.terminal() = None;
    }

    fn terminal(&self) -> MutexGuard<'_, Option<NoControlEcho>> {
        self.shared.terminal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Prints a line of progress.
    pub(crate) fn line(&self, line: &str) {
        if !self.shared.quiet {
            self.problem(line);
        }
    }

    /// Prints a line that even a quiet console shows.
    pub(crate) fn problem(&self, line: &str) {
        // A hidden bar drops lines; a closed standard error must not end a run.
        if self.bars.is_hidden() {
            let _ = writeln!(io::stderr().lock(), "{line}");
        } else {
            let _ = self.bars.println(line);
        }
    }

    /// A bar for `steps` steps, below everything else.
    pub(crate) fn bar(&self, steps: u64) -> ProgressBar {
        let bar = self.bars.add(ProgressBar::new(steps));
        let template =
            if self.style().is_colored() { "  {bar:28.green/black.bright} {msg}" } else { "  {bar:28} {msg}" };
        let style = ProgressStyle::with_template(template)
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .progress_chars("━╸─");
        bar.set_style(style);
        bar
    }
}

/// What is left, from what was done in `elapsed`.
pub(crate) fn time_left(done: u64, total: u64, elapsed: Duration) -> Option<Duration> {
    let left = total.checked_sub(done)?;
    if done == 0 || elapsed < Duration::from_millis(500) {
        return None;
    }
    Duration::try_from_secs_f64(elapsed.as_secs_f64() / done as f64 * left as f64).ok()
}
