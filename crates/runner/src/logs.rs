//! Logging as the options ask for it: the console shows what is wrong, `log.txt` of each run holds everything.

use std::io;
use std::sync::{Arc, OnceLock};

use steadfast_logging::{ConsoleOptions, FileOptions, LogFile, LogFormat, Logger, LoggingError, Rotation};
use steadfast_state::RunFolder;

use crate::args::{LogFormatArg, LogLevel, OutputArgs};
use crate::console::Console;
use crate::message::LogRequest;

/// The logger of this process. There is one, like the subscriber it stands for.
static LOGGER: OnceLock<Logger> = OnceLock::new();

/// What the console shows of the log: progress has its own lines.
pub(crate) fn console_level(output: OutputArgs) -> LogLevel {
    match output.verbose {
        _ if output.quiet => LogLevel::Error,
        0 => LogLevel::Warn,
        1 => LogLevel::Info,
        _ => LogLevel::Debug,
    }
}

/// Logs to standard error, which the supervisor shows.
pub(crate) fn install_in_worker(request: LogRequest) -> Result<(), LoggingError> {
    install(request, ConsoleOptions::default())
}

/// Logs to the console, above its bar.
pub(crate) fn install_in_supervisor(request: LogRequest, console: &Console) -> Result<(), LoggingError> {
    let console = console.clone();
    let print = move |line: &str| -> io::Result<()> {
        console.problem(line);
        Ok(())
    };
    install(request, ConsoleOptions { writer: Arc::new(print), ..ConsoleOptions::default() })
}

fn install(request: LogRequest, console: ConsoleOptions) -> Result<(), LoggingError> {
    let format = match request.format {
        LogFormatArg::Text => LogFormat::Text,
        LogFormatArg::Json => LogFormat::Json,
    };
    // How a run ended is told by the supervisor, in one place for all endings.
    let console_filter = format!("{},steadfast::end=off", level_name(request.console_level)).parse()?;
    let console = ConsoleOptions { filter: console_filter, color: request.color, format, ..console };
    let file = FileOptions { filter: level_name(request.level).parse()?, format };
    let logger = Logger::builder().console(console).file(file).install()?;
    // Installing a second time has failed above.
    let _ = LOGGER.set(logger);
    Ok(())
}

fn level_name(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Error => "error",
        LogLevel::Warn => "warn",
        LogLevel::Info => "info",
        LogLevel::Debug => "debug",
        LogLevel::Trace => "trace",
    }
}

/// Directs events to the run's log for as long as the guard lives. A log that cannot be written does not stop a run.
pub(crate) fn attach(folder: &RunFolder) -> Option<LogFile> {
    let attached = LOGGER.get()?.attach(folder.pinned_path("log.txt"), Rotation::default());
    attached.inspect_err(|error| tracing::warn!(error = error as &dyn std::error::Error, "no log file")).ok()
}
