//! The terminal: lines of progress on standard error, with a bar below them where someone is looking.

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::args::{ColorArg, OutputArgs};
use crate::batch_bar::BatchBar;
use crate::control_echo::NoControlEcho;
use crate::grid;
use crate::style::Style;

/// How often the bar may be drawn, in Hz.
const REFRESH: u8 = 10;

/// Columns of a bar.
const BAR_WIDTH: usize = 18;

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
    batch: Mutex<Option<BatchBar>>,
}

impl Console {
    /// A console as the options ask for.
    pub(crate) fn new(output: OutputArgs) -> Self {
        let stderr = io::stderr();
        let style = Style::choose(output.color, &stderr);
        let draw = stderr.is_terminal() && !output.quiet && output.color != ColorArg::Never;
        let target = if draw { ProgressDrawTarget::stderr_with_hz(REFRESH) } else { ProgressDrawTarget::hidden() };
        let bars = MultiProgress::with_draw_target(target);
        let (terminal, batch) = (Mutex::new(None), Mutex::new(None));
        Self { bars, shared: Arc::new(Settings { style, quiet: output.quiet, terminal, batch }) }
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

    /// A bar for `steps` steps, below every line and above the bar of the batch.
    pub(crate) fn bar(&self, steps: u64) -> ProgressBar {
        let bar = ProgressBar::new(steps);
        let bar = match &*self.batch() {
            Some(batch) => self.bars.insert_before(batch.bar(), bar),
            None => self.bars.add(bar),
        };
        bar.set_style(self.bar_style("green"));
        bar
    }

    /// How many columns are left beside a bar.
    pub(crate) fn room_beside_bar() -> usize {
        Self::width().unwrap_or(80).saturating_sub(BAR_WIDTH + 3)
    }

    /// A bar below the others for a batch of several experiments.
    pub(crate) fn begin_batch(&self, experiments: usize) {
        if self.has_bar() && experiments > 1 {
            let bar = self.bars.add(ProgressBar::new(BatchBar::length(experiments)));
            bar.set_style(self.bar_style("cyan"));
            *self.batch() = Some(BatchBar::new(bar, experiments));
        }
    }

    /// Tells the bar of the batch something, where there is one.
    pub(crate) fn tell_batch(&self, tell: impl FnOnce(&mut BatchBar)) {
        if let Some(batch) = self.batch().as_mut() {
            tell(batch);
        }
    }

    /// Takes the bar of the batch away.
    pub(crate) fn end_batch(&self) {
        *self.batch() = None;
    }

    fn batch(&self) -> MutexGuard<'_, Option<BatchBar>> {
        self.shared.batch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn bar_style(&self, color: &str) -> ProgressStyle {
        let color = if self.style().is_colored() { format!(".{color}/black.bright") } else { String::new() };
        ProgressStyle::with_template(&format!("  {{bar:{BAR_WIDTH}{color}}} {{wide_msg}}"))
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .progress_chars("━╸─")
    }
}
