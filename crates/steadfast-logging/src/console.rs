//! Events to the terminal, or to whatever stands in for it.

use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;

use tracing_subscriber::fmt::MakeWriter;

use crate::filter::Filter;
use crate::line_format::LogFormat;

/// Takes finished lines. A progress bar implements it to print them above itself.
///
/// Called from every thread that logs, also from several at once; must not log.
/// An error is ignored: nobody is left to hear of it.
pub trait LineWriter: Send + Sync {
    /// Shows one line, given without its end.
    fn write_line(&self, line: &str) -> io::Result<()>;
}

impl<F: Fn(&str) -> io::Result<()> + Send + Sync> LineWriter for F {
    fn write_line(&self, line: &str) -> io::Result<()> {
        self(line)
    }
}

/// Lines to standard error, each in one write.
#[derive(Debug, Clone, Copy, Default)]
pub struct StandardError;

impl LineWriter for StandardError {
    fn write_line(&self, line: &str) -> io::Result<()> {
        io::stderr().lock().write_all(format!("{line}\n").as_bytes())
    }
}

/// What the console shows, and how.
#[derive(Clone)]
pub struct ConsoleOptions {
    /// Which events; `info` by default.
    pub filter: Filter,
    /// Whether to color; off by default.
    pub color: bool,
    /// For people or for programs.
    pub format: LogFormat,
    /// Where to; standard error by default.
    pub writer: Arc<dyn LineWriter>,
}

impl Default for ConsoleOptions {
    fn default() -> Self {
        Self { filter: Filter::default(), color: false, format: LogFormat::Text, writer: Arc::new(StandardError) }
    }
}

impl fmt::Debug for ConsoleOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ConsoleOptions")
            .field("filter", &self.filter)
            .field("color", &self.color)
            .field("format", &self.format)
            .finish_non_exhaustive()
    }
}

/// Hands each event's line to the console's writer.
#[derive(Clone)]
pub(crate) struct Console(pub(crate) Arc<dyn LineWriter>);

impl<'writer> MakeWriter<'writer> for Console {
    type Writer = Self;

    fn make_writer(&'writer self) -> Self {
        self.clone()
    }
}

impl Write for Console {
    /// One call brings one whole line: the formatting layer writes each event at once.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        self.0.write_line(text.strip_suffix('\n').unwrap_or(&text))?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
