//! The reading position in a text, white space, and the way from a position to a reported problem.

use crate::path::JsonPath;
use crate::problem::{Problem, Problems};
use crate::source::{Source, Span};

/// How many mistakes in one text are reported before the parser gives up on it.
const MISTAKE_LIMIT: usize = 20;

/// The text cannot be read any further. The problem has already been reported.
#[derive(Debug)]
pub(super) struct Stop;

/// One step from the root to the value being parsed.
pub(super) enum Step {
    Key(String),
    Index(usize),
}

pub(super) struct Cursor<'a> {
    source: &'a Source,
    text: &'a str,
    pub(super) at: usize,
    /// The way to the value being parsed; a real path is built from it only when something is wrong.
    pub(super) steps: Vec<Step>,
    /// Set when a mistake left a value unknown, so that the tree must not be read.
    pub(super) poisoned: bool,
    /// How many values were begun.
    pub(super) values: usize,
    mistakes: usize,
    problems: &'a mut Problems,
}

impl<'a> Cursor<'a> {
    /// Reads `source` from byte `start` on.
    pub(super) fn new(source: &'a Source, start: usize, problems: &'a mut Problems) -> Self {
        Self {
            source,
            text: source.text(),
            at: start,
            steps: Vec::new(),
            poisoned: false,
            values: 0,
            mistakes: 0,
            problems,
        }
    }

    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    pub(super) fn peek_char(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Steps over `byte` if it comes next.
    pub(super) fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// The place from `start` to here.
    pub(super) fn since(&self, start: usize) -> Span {
        self.source.span(start..self.at)
    }

    /// The character that comes next, or the end of the text.
    pub(super) fn next_place(&self) -> Span {
        self.source.span(self.at..self.at + self.peek_char().map_or(0, char::len_utf8))
    }

    pub(super) fn place(&self, range: std::ops::Range<usize>) -> Span {
        self.source.span(range)
    }

    /// Reports a mistake after which parsing goes on, unless there were too many already.
    ///
    /// # Errors
    /// [`Stop`] after the last mistake that is reported for one text.
    pub(super) fn mistake(&mut self, span: &Span, message: impl Into<String>, help: &str) -> Result<(), Stop> {
        self.report(span, message).help(help);
        self.count_mistake()
    }

    /// Counts a mistake that was reported by other means.
    pub(super) fn count_mistake(&mut self) -> Result<(), Stop> {
        self.mistakes += 1;
        if self.mistakes >= MISTAKE_LIMIT { Err(Stop) } else { Ok(()) }
    }

    /// Reports a problem at the value being parsed.
    pub(super) fn report(&mut self, span: &Span, message: impl Into<String>) -> &mut Problem {
        let mut path = JsonPath::root();
        for step in &self.steps {
            path = match step {
                Step::Key(key) => path.key(key),
                Step::Index(index) => path.index(*index),
            };
        }
        self.problems.error(span, message).at(&path)
    }

    /// Reports a problem after which nothing more can be read.
    pub(super) fn stop(&mut self, span: &Span, message: impl Into<String>, help: Option<&str>) -> Stop {
        self.report(span, message).maybe_help(help);
        Stop
    }

    /// Steps over white space; reports comments and strange spaces, and steps over them too.
    pub(super) fn skip_blank(&mut self) -> Result<(), Stop> {
        loop {
            let blank = self.rest().bytes().take_while(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r')).count();
            self.at += blank;
            match self.peek_char() {
                Some('/' | '#') => self.comment()?,
                Some(c) if is_strange_space(c) => {
                    let span = self.next_place();
                    self.at += c.len_utf8();
                    let message = format!("U+{:04X} is not a space that JSON knows", u32::from(c));
                    self.mistake(&span, message, "use a plain space")?;
                }
                _ => return Ok(()),
            }
        }
    }

    fn comment(&mut self) -> Result<(), Stop> {
        let start = self.at;
        let rest = self.rest();
        let length = if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if rest.starts_with("//") || rest.starts_with('#') {
            rest.find(['\n', '\r']).unwrap_or(rest.len())
        } else {
            let span = self.next_place();
            return Err(self.stop(&span, "unexpected `/`", None));
        };
        self.at += length;
        let span = self.since(start);
        self.mistake(&span, "JSON has no comments", "remove it, or use the field `description`")
    }
}

/// Spaces that come along when text is copied from a page, and a byte order mark that is not at the start.
fn is_strange_space(c: char) -> bool {
    matches!(c, '\u{feff}' | '\u{200b}' | '\u{b}' | '\u{c}') || (c.is_whitespace() && !c.is_ascii())
}
