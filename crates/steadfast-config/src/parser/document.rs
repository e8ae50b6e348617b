//! Values, lists and objects.

use super::cursor::{Cursor, Step, Stop};
use super::{MAX_BYTES, MAX_DEPTH, MAX_VALUES};
use crate::node::{Member, Node, Value};
use crate::problem::Problems;
use crate::source::{Source, Span};
use crate::wording::{is_unprintable, name};

/// Parses the one JSON value that `source` holds.
///
/// Strict RFC 8259, at most [`MAX_BYTES`] long, 128 levels deep and 100,000 values in all, no key twice in an object.
/// Common slips (a comma too many or too few, single quotes, comments, `True`) are reported and stepped over,
/// so that one run shows them all.
/// The result is `None` when the text holds a mistake that leaves a value unknown;
/// otherwise the tree can be read on, but is worth something only if no error was reported.
pub fn parse(source: &Source, problems: &mut Problems) -> Option<Node> {
    parse_part(source, 0, problems)
}

/// Parses what follows byte `start` of `source`.
pub(crate) fn parse_part(source: &Source, start: usize, problems: &mut Problems) -> Option<Node> {
    if source.text().len() > MAX_BYTES {
        let message = format!("the text is longer than {MAX_BYTES} bytes (1 MiB)");
        problems.error(&source.span(0..0), message);
        return None;
    }
    let mut cursor = Cursor::new(source, start, problems);
    let node = cursor.document().ok()?;
    (!cursor.poisoned).then_some(node)
}

impl Cursor<'_> {
    fn document(&mut self) -> Result<Node, Stop> {
        self.skip_blank()?;
        if self.peek().is_none() {
            let span = self.next_place();
            return Err(self.stop(
                &span,
                "there is nothing here but an empty text",
                Some("a config is an object: `{...}`"),
            ));
        }
        let node = self.value(0)?;
        self.skip_blank()?;
        if self.peek().is_some() {
            let span = self.next_place();
            let message = format!("expected the end, found {}", self.describe_next());
            self.report(&span, message).help("a file holds one JSON value and nothing after it");
        }
        Ok(node)
    }

    fn value(&mut self, depth: usize) -> Result<Node, Stop> {
        let start = self.at;
        self.values += 1;
        if self.values > MAX_VALUES {
            let span = self.next_place();
            let message = format!("the text holds more than {MAX_VALUES} values");
            return Err(self.stop(&span, message, Some("keep data out of the config")));
        }
        let value = match self.peek_char() {
            Some('{') => self.nested(depth, Self::object)?,
            Some('[') => self.nested(depth, Self::array)?,
            Some('"') => Value::String(self.quoted('"')?),
            Some('\'') => self.single_quoted()?,
            Some('-' | '0'..='9' | '+' | '.') => self.number()?,
            Some(c) if c.is_alphabetic() || c == '_' => self.word()?,
            Some(',' | '}' | ']' | ':') => self.missing_value()?,
            _ => return Err(self.unexpected("a value")),
        };
        Ok(Node { value, span: self.since(start) })
    }

    fn nested(
        &mut self,
        depth: usize,
        container: fn(&mut Self, usize, &Span) -> Result<Value, Stop>,
    ) -> Result<Value, Stop> {
        let open = self.next_place();
        if depth == MAX_DEPTH {
            let message = format!("lists and objects are nested more than {MAX_DEPTH} deep");
            // The way to it would be unreadable.
            self.steps.truncate(1);
            return Err(self.stop(&open, message, None));
        }
        self.at += 1;
        container(self, depth + 1, &open)
    }

    fn array(&mut self, depth: usize, open: &Span) -> Result<Value, Stop> {
        let mut items = Vec::new();
        loop {
            self.skip_blank()?;
            if self.eat(b']') {
                return Ok(Value::Array(items));
            }
            if self.peek().is_none() {
                return Err(self.unclosed(b']', open));
            }
            self.steps.push(Step::Index(items.len()));
            items.push(self.value(depth)?);
            self.steps.pop();
            self.separator(b']', open)?;
        }
    }

    fn object(&mut self, depth: usize, open: &Span) -> Result<Value, Stop> {
        let mut members = Vec::new();
        loop {
            self.skip_blank()?;
            if self.eat(b'}') {
                return self.without_repeats(members).map(Value::Object);
            }
            let start = self.at;
            let key = self.key(open)?;
            let key_span = self.since(start);
            self.steps.push(Step::Key(key.clone()));
            self.colon(&key)?;
            let value = self.value(depth)?;
            self.steps.pop();
            members.push(Member { key, key_span, value });
            self.separator(b'}', open)?;
        }
    }

    fn key(&mut self, open: &Span) -> Result<String, Stop> {
        match self.peek_char() {
            Some('"') => self.quoted('"'),
            Some('\'') => match self.single_quoted()? {
                Value::String(key) => Ok(key),
                _ => Err(Stop),
            },
            Some(c) if c.is_alphanumeric() || matches!(c, '_' | '$') => self.bare_key(),
            Some(',') => {
                let span = self.next_place();
                self.mistake(&span, "expected a key before this comma", "remove the comma")?;
                self.at += 1;
                self.skip_blank()?;
                self.key(open)
            }
            None => Err(self.unclosed(b'}', open)),
            _ => Err(self.unexpected("a key in double quotes or `}`")),
        }
    }

    fn colon(&mut self, key: &str) -> Result<(), Stop> {
        self.skip_blank()?;
        if !self.eat(b':') {
            let span = self.next_place();
            let message = format!("expected `:` after the key {}, found {}", name(key), self.describe_next());
            if !self.eat(b'=') {
                return Err(self.stop(&span, message, Some("write `\"key\": value`")));
            }
            self.mistake(&span, message, "write `:` instead of `=`")?;
        }
        self.skip_blank()
    }

    /// What stands between two values: a comma, or nothing before `close`.
    fn separator(&mut self, close: u8, open: &Span) -> Result<(), Stop> {
        let value_end = self.at;
        self.skip_blank()?;
        let comma = self.next_place();
        if self.eat(b',') {
            self.skip_blank()?;
            if self.peek() == Some(close) {
                let message = format!("there is a comma too many before `{}`", char::from(close));
                self.mistake(&comma, message, "remove this comma")?;
            }
            return Ok(());
        }
        match self.peek_char() {
            Some(c) if c == char::from(close) => Ok(()),
            Some(c) if c == '"' || c == '{' || c == '[' || c == '-' || c.is_alphanumeric() => {
                let gap = self.place(value_end..value_end);
                self.mistake(&gap, "a comma is missing here", "values are separated by commas")
            }
            None => Err(self.unclosed(close, open)),
            _ => {
                let span = self.next_place();
                let message = format!("expected `,` or `{}`, found {}", char::from(close), self.describe_next());
                self.report(&span, message).note(open, "to close this").help(still_open(open));
                Err(Stop)
            }
        }
    }

    /// Keeps the first of the members with the same key and reports the others.
    fn without_repeats(&mut self, mut members: Vec<Member>) -> Result<Vec<Member>, Stop> {
        let mut order: Vec<usize> = (0..members.len()).collect();
        order.sort_by(|&left, &right| members[left].key.cmp(&members[right].key));
        let mut repeated = vec![false; members.len()];
        let mut first = 0;
        for (position, &index) in order.iter().enumerate() {
            if position == 0 || members[order[first]].key != members[index].key {
                first = position;
                continue;
            }
            repeated[index] = true;
            let (key, span) = (members[index].key.clone(), members[index].key_span.clone());
            self.steps.push(Step::Key(key));
            let first_span = members[order[first]].key_span.clone();
            let message = format!("the key {} stands here a second time", name(&members[index].key));
            self.report(&span, message)
                .help(format!("it was first given in line {}: remove one of the two", first_span.line()))
                .label("again here")
                .note(&first_span, "first given here");
            self.steps.pop();
            self.count_mistake()?;
        }
        let mut repeated = repeated.into_iter();
        members.retain(|_| !repeated.next().unwrap_or_default());
        Ok(members)
    }

    fn missing_value(&mut self) -> Result<Value, Stop> {
        let span = self.next_place();
        let message = format!("expected a value before {}", self.describe_next());
        self.mistake(&span, message, "write a value here; `null` stands for none")?;
        self.poisoned = true;
        Ok(Value::Null)
    }

    fn unclosed(&mut self, close: u8, open: &Span) -> Stop {
        let span = self.next_place();
        let message = format!("expected `{}`, found the end of the text", char::from(close));
        self.report(&span, message).note(open, "to close this").help(still_open(open));
        Stop
    }

    fn unexpected(&mut self, expected: &str) -> Stop {
        let span = self.next_place();
        let help = match self.peek_char() {
            Some('“' | '”' | '‘' | '’' | '«' | '»') => Some("use plain double quotes: \""),
            Some('<') => Some("this looks like HTML or XML, not JSON"),
            _ => None,
        };
        let message = format!("expected {expected}, found {}", self.describe_next());
        self.report(&span, message).expected(expected).maybe_help(help);
        Stop
    }

    pub(super) fn describe_next(&self) -> String {
        match self.peek_char() {
            None => "the end of the text".to_owned(),
            Some(c) if is_unprintable(c) || c == '\u{fffd}' => {
                format!("the character U+{:04X}", u32::from(c))
            }
            Some(c) => format!("`{c}`"),
        }
    }
}

fn still_open(open: &Span) -> String {
    format!("the `{}` in line {}, column {} is still open", open.text(), open.line(), open.column())
}
