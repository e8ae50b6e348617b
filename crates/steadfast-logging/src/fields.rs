//! The fields of an event or a span, collected as text.

use std::error::Error;
use std::fmt::{self, Write as _};

use tracing::field::{Field, Visit};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::FormattedFields;
use tracing_subscriber::fmt::format::{FormatFields, Writer};

use crate::cause_chain::CauseChain;
use crate::line_format::LogFormat;
use crate::plain_text::{push_json, push_plain, push_value};

/// Collects fields: the message apart, all others as `key=value` or as members of a JSON object.
pub(crate) struct FieldText {
    format: LogFormat,
    /// The message as it was given; whoever writes it makes it harmless.
    pub(crate) message: String,
    /// All other fields, separated.
    pub(crate) fields: String,
}

impl FieldText {
    pub(crate) fn new(format: LogFormat) -> Self {
        Self { format, message: String::new(), fields: String::new() }
    }

    fn push_key(&mut self, key: &str) {
        match self.format {
            LogFormat::Text => {
                if !self.fields.is_empty() {
                    self.fields.push(' ');
                }
                push_plain(&mut self.fields, key);
                self.fields.push('=');
            }
            LogFormat::Json => {
                if !self.fields.is_empty() {
                    self.fields.push(',');
                }
                push_json(&mut self.fields, key);
                self.fields.push(':');
            }
        }
    }

    fn push_text(&mut self, field: &Field, text: &str) {
        if field.name() == "message" {
            self.message.push_str(text);
            return;
        }
        self.push_key(field.name());
        match self.format {
            LogFormat::Text => push_value(&mut self.fields, text),
            LogFormat::Json => push_json(&mut self.fields, text),
        }
    }

    /// Numbers and truth values look the same in both formats.
    fn push_bare(&mut self, field: &Field, value: impl fmt::Display) {
        self.push_key(field.name());
        // Writing to a string cannot fail.
        let _ = write!(self.fields, "{value}");
    }
}

impl Visit for FieldText {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.push_text(field, &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.push_text(field, value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.push_text(field, &CauseChain::new(value).to_string());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.push_bare(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.push_bare(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.push_bare(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if value.is_finite() {
            self.push_bare(field, value);
        } else {
            self.push_text(field, &value.to_string());
        }
    }
}

/// Formats the fields of spans for one destination.
///
/// Formatted fields are kept with the span under the type of their formatter. Were it the same type for console and
/// file, the file would show what was formatted for the console.
pub(crate) struct SpanFields<const FILE: bool>(pub(crate) LogFormat);

impl<'writer, const FILE: bool> FormatFields<'writer> for SpanFields<FILE> {
    fn format_fields<R: RecordFields>(&self, mut writer: Writer<'writer>, fields: R) -> fmt::Result {
        let mut text = FieldText::new(self.0);
        fields.record(&mut text);
        writer.write_str(&text.fields)
    }

    fn add_fields(
        &self,
        current: &'writer mut FormattedFields<Self>,
        fields: &tracing::span::Record<'_>,
    ) -> fmt::Result {
        let mut text = FieldText::new(self.0);
        fields.record(&mut text);
        if !current.fields.is_empty() && !text.fields.is_empty() {
            current.fields.push(if self.0 == LogFormat::Json { ',' } else { ' ' });
        }
        current.fields.push_str(&text.fields);
        Ok(())
    }
}
