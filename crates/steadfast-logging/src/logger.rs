//! Putting it together: one subscriber per process, with a console and an exchangeable log file.

use std::path::Path;
use std::sync::Arc;

use tracing::Dispatch;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::SubscriberExt;

use crate::console::{Console, ConsoleOptions};
use crate::error::LoggingError;
use crate::fields::SpanFields;
use crate::filter::Filter;
use crate::line_format::{LineFormat, LogFormat};
use crate::log_file::{LogFile, Slot, SlotWriter};
use crate::rotation::Rotation;

/// What the log file holds, and how.
#[derive(Debug, Clone, Default)]
pub struct FileOptions {
    /// Which events; `info` by default.
    pub filter: Filter,
    /// For people or for programs.
    pub format: LogFormat,
}

/// Collects how to log; see [`Logger::builder`].
#[derive(Debug, Clone, Default)]
#[must_use = "nothing is logged until the logger is installed"]
pub struct LoggerBuilder {
    console: ConsoleOptions,
    file: FileOptions,
}

impl LoggerBuilder {
    /// Sets what the console shows.
    pub fn console(mut self, options: ConsoleOptions) -> Self {
        self.console = options;
        self
    }

    /// Sets what log files hold.
    pub fn file(mut self, options: FileOptions) -> Self {
        self.file = options;
        self
    }

    /// Makes this the logger of the whole process.
    ///
    /// # Errors
    /// When the process has one already.
    pub fn install(self) -> Result<Logger, LoggingError> {
        let (logger, dispatch) = self.build();
        tracing::dispatcher::set_global_default(dispatch).map_err(LoggingError::AlreadyInstalled)?;
        Ok(logger)
    }

    /// Makes a logger and what leads events to it, for whoever sets the subscriber of a process or a thread himself.
    pub fn build(self) -> (Logger, Dispatch) {
        let ConsoleOptions { filter, color, format, writer } = self.console;
        let console_format = LineFormat { format, color: color && format == LogFormat::Text, target: false };
        let slot = Arc::new(Slot::new(Arc::clone(&writer), LineFormat { color: false, ..console_format }));
        let console = tracing_subscriber::fmt::layer()
            .fmt_fields(SpanFields::<false>(format))
            .event_format(console_format)
            .with_writer(Console(writer))
            .log_internal_errors(false)
            .with_filter(filter.0);
        let file_format = LineFormat { format: self.file.format, color: false, target: true };
        let file = tracing_subscriber::fmt::layer()
            .fmt_fields(SpanFields::<true>(self.file.format))
            .event_format(file_format)
            .with_writer(SlotWriter(Arc::clone(&slot)))
            .log_internal_errors(false)
            .with_filter(self.file.filter.0);
        let subscriber = tracing_subscriber::registry().with(console).with(file);
        (Logger { slot }, Dispatch::new(subscriber))
    }
}

/// The logger of a process: events of [`tracing`] to the console and to the log file of the run that is going on.
#[derive(Debug, Clone)]
pub struct Logger {
    slot: Arc<Slot>,
}

impl Logger {
    /// Begins with `info` and above, without color, to standard error.
    pub fn builder() -> LoggerBuilder {
        LoggerBuilder::default()
    }

    /// Directs events of all threads to this file, behind what it holds, as long as the returned value lives.
    ///
    /// # Errors
    /// When another file is attached, or this one cannot be opened for appending.
    pub fn attach(&self, path: impl AsRef<Path>, rotation: Rotation) -> Result<LogFile, LoggingError> {
        self.slot.attach(path.as_ref(), rotation)
    }
}
