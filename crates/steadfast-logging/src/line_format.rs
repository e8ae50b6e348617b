//! One event, one line: for people or for programs.

use std::fmt;

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

use crate::fields::FieldText;
use crate::plain_text::{push_json, push_plain};

/// How an event is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum LogFormat {
    /// `TIME LEVEL TARGET: span{key=value}: message key=value`.
    #[default]
    Text,
    /// One JSON object with `timestamp`, `level`, `target`, `message`, `fields` and `spans`.
    Json,
}

/// Writes events in one format for one destination.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LineFormat {
    pub(crate) format: LogFormat,
    /// Whether color codes are allowed.
    pub(crate) color: bool,
    /// Whether text names the module that the event is from; JSON always does.
    pub(crate) target: bool,
}

/// A span around an event.
struct Span {
    name: &'static str,
    fields: String,
}

/// An event, ready to be put together.
struct Line<'a> {
    time: &'a str,
    level: Level,
    target: &'a str,
    spans: &'a [Span],
    text: &'a FieldText,
}

impl LineFormat {
    /// A line about logging itself, in the same form as all others.
    pub(crate) fn own_line(self, level: Level, message: &str) -> String {
        let mut text = FieldText::new(self.format);
        text.message.push_str(message);
        self.line(level, env!("CARGO_CRATE_NAME"), &[], &text)
    }

    /// The line without its end.
    fn line(self, level: Level, target: &str, spans: &[Span], text: &FieldText) -> String {
        let mut time = String::new();
        if SystemTime.format_time(&mut Writer::new(&mut time)).is_err() {
            "-".clone_into(&mut time);
        }
        let line = Line { time: &time, level, target, spans, text };
        match self.format {
            LogFormat::Text => self.text(&line),
            LogFormat::Json => json(&line),
        }
    }

    fn text(self, Line { time, level, target, spans, text }: &Line<'_>) -> String {
        let mut line = String::new();
        self.paint(&mut line, "2", time);
        line.push(' ');
        self.paint(&mut line, color_of(*level), &format!("{level:>5}"));
        line.push(' ');
        if self.target {
            self.paint(&mut line, "2", &format!("{target}:"));
            line.push(' ');
        }
        for span in *spans {
            self.paint(&mut line, "1", span.name);
            if !span.fields.is_empty() {
                line.extend(["{", &span.fields, "}"]);
            }
            line.push_str(": ");
        }
        push_plain(&mut line, &text.message);
        if !text.message.is_empty() && !text.fields.is_empty() {
            line.push(' ');
        }
        line.push_str(&text.fields);
        line
    }

    fn paint(self, line: &mut String, code: &str, text: &str) {
        if self.color {
            line.extend(["\u{1b}[", code, "m", text, "\u{1b}[0m"]);
        } else {
            line.push_str(text);
        }
    }
}

/// The usual colors: red, yellow, green, blue, magenta.
fn color_of(level: Level) -> &'static str {
    match level {
        Level::ERROR => "31",
        Level::WARN => "33",
        Level::INFO => "32",
        Level::DEBUG => "34",
        Level::TRACE => "35",
    }
}

fn json(Line { time, level, target, spans, text }: &Line<'_>) -> String {
    let mut line = format!("{{\"timestamp\":\"{time}\",\"level\":\"{level}\",\"target\":");
    push_json(&mut line, target);
    line.push_str(",\"message\":");
    push_json(&mut line, &text.message);
    line.extend([",\"fields\":{", &text.fields, "},\"spans\":["]);
    for (index, span) in spans.iter().enumerate() {
        line.push_str(if index == 0 { "{\"name\":" } else { ",{\"name\":" });
        push_json(&mut line, span.name);
        line.extend([",\"fields\":{", &span.fields, "}}"]);
    }
    line.push_str("]}");
    line
}

impl<S, N> FormatEvent<S, N> for LineFormat
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut text = FieldText::new(self.format);
        event.record(&mut text);
        let spans: Vec<Span> = context
            .event_scope()
            .into_iter()
            .flat_map(tracing_subscriber::registry::Scope::from_root)
            .map(|span| {
                let fields = span.extensions().get::<FormattedFields<N>>().map(|kept| kept.fields.clone());
                Span { name: span.name(), fields: fields.unwrap_or_default() }
            })
            .collect();
        let metadata = event.metadata();
        writeln!(writer, "{}", self.line(*metadata.level(), metadata.target(), &spans, &text))
    }
}
