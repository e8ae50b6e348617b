//! Words without quotes: `true`, `false`, `null`, and everything that people write by mistake.

use super::cursor::{Cursor, Stop};
use crate::node::Value;
use crate::wording::{literal, name};

impl<'a> Cursor<'a> {
    /// A value that starts with a letter.
    pub(super) fn word(&mut self) -> Result<Value, Stop> {
        let start = self.at;
        let word = self.take_word();
        let known = match word {
            "true" => return Ok(Value::Bool(true)),
            "false" => return Ok(Value::Bool(false)),
            "null" => return Ok(Value::Null),
            "True" | "TRUE" | "yes" | "on" => Value::Bool(true),
            "False" | "FALSE" | "no" | "off" => Value::Bool(false),
            "None" | "Null" | "NULL" | "nil" | "undefined" => Value::Null,
            _ => return self.strange_word(start, word),
        };
        let meant = match known {
            Value::Bool(true) => "true",
            Value::Bool(false) => "false",
            _ => "null",
        };
        let span = self.since(start);
        let message = format!("{} is not a JSON value", name(word));
        self.mistake(&span, message, &format!("write `{meant}`"))?;
        Ok(known)
    }

    fn strange_word(&mut self, start: usize, word: &str) -> Result<Value, Stop> {
        let span = self.since(start);
        if matches!(word.to_ascii_lowercase().as_str(), "nan" | "inf" | "infinity") {
            self.poisoned = true;
            let message = format!("JSON has no number {}", name(word));
            self.mistake(&span, message, "write a finite number; leave the key out to get its default")?;
            return Ok(Value::Null);
        }
        let help = format!("write {}", literal(word));
        self.mistake(&span, format!("text stands in double quotes, but {} has none", name(word)), &help)?;
        Ok(Value::String(word.to_owned()))
    }

    /// `{lr: 0.1}`: reported, and read as the key it was meant to be.
    pub(super) fn bare_key(&mut self) -> Result<String, Stop> {
        let start = self.at;
        let word = self.take_word();
        let span = self.since(start);
        let help = format!("write {}", literal(word));
        self.mistake(&span, format!("keys stand in double quotes, but {} has none", name(word)), &help)?;
        Ok(word.to_owned())
    }

    fn take_word(&mut self) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c: char| !is_word_char(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }
}

fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '$')
}
