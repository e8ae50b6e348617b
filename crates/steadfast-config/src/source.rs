//! Texts that values come from, and places in them.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// One text that values were read from: a file, an override from the command line, or a text in memory.
///
/// Cheap to clone: all clones share the text.
#[derive(Clone)]
pub struct Source {
    inner: Arc<Inner>,
}

struct Inner {
    name: String,
    path: Option<PathBuf>,
    text: String,
    hint: Option<String>,
    line_starts: OnceLock<Vec<usize>>,
}

impl Source {
    /// A text under a display name such as `<memory>`.
    ///
    /// A leading byte order mark is dropped, so offsets and columns count from the first real character.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self::build(name.into(), None, text.into(), None)
    }

    /// The text of a file; its path is its name.
    pub fn file(path: impl Into<PathBuf>, text: impl Into<String>) -> Self {
        let path = path.into();
        Self::build(path.display().to_string(), Some(path), text.into(), None)
    }

    /// The same text with a remark that every problem pointing into it repeats.
    pub(crate) fn with_hint(name: String, text: String, hint: Option<String>) -> Self {
        Self::build(name, None, text, hint)
    }

    fn build(name: String, path: Option<PathBuf>, mut text: String, hint: Option<String>) -> Self {
        if text.starts_with('\u{feff}') {
            text.drain(..'\u{feff}'.len_utf8());
        }
        Self { inner: Arc::new(Inner { name, path, text, hint, line_starts: OnceLock::new() }) }
    }

    /// The name as given: a path, or something like `<override hyperparams.lr=0.1>`.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// The path of the file, if the text came from one.
    pub fn path(&self) -> Option<&Path> {
        self.inner.path.as_deref()
    }

    /// The text, without a byte order mark.
    pub fn text(&self) -> &str {
        &self.inner.text
    }

    pub(crate) fn hint(&self) -> Option<&str> {
        self.inner.hint.as_deref()
    }

    /// The place `range` (in bytes of [`Source::text`]); cut down to what exists, widened to whole characters.
    pub fn span(&self, range: Range<usize>) -> Span {
        let text = self.text();
        let start = text.floor_char_boundary(range.start);
        let end = text.ceil_char_boundary(range.end.max(start));
        Span { source: self.clone(), start: offset(start), end: offset(end) }
    }

    /// The whole text as one place.
    pub fn whole(&self) -> Span {
        self.span(0..self.text().len())
    }

    /// Number (from 0) of the line that holds the byte at `offset`.
    pub(crate) fn line_index(&self, offset: usize) -> usize {
        self.line_starts().partition_point(|&start| start <= offset).saturating_sub(1)
    }

    /// The bytes of line number `index` (from 0), without its line end.
    pub(crate) fn line_range(&self, index: usize) -> Range<usize> {
        let starts = self.line_starts();
        let start = starts.get(index).copied().unwrap_or(self.text().len());
        let end = starts.get(index + 1).copied().unwrap_or(self.text().len());
        let line = &self.text()[start..end];
        let line = line.strip_suffix('\n').map_or(line, |rest| rest.strip_suffix('\r').unwrap_or(rest));
        start..start + line.len()
    }

    fn line_starts(&self) -> &[usize] {
        self.inner.line_starts.get_or_init(|| {
            let breaks = self.text().bytes().enumerate().filter(|&(_, byte)| byte == b'\n');
            std::iter::once(0).chain(breaks.map(|(at, _)| at + 1)).collect()
        })
    }
}

/// Sources are equal when name and text are.
impl PartialEq for Source {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner) || (self.name() == other.name() && self.text() == other.text())
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Source").field(&self.name()).finish()
    }
}

/// A place in a [`Source`]: a range of bytes.
///
/// Offsets are kept in 32 bits, which is enough for every text that can be parsed.
#[derive(Clone, PartialEq)]
pub struct Span {
    source: Source,
    start: u32,
    end: u32,
}

impl Span {
    /// The text it lies in.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// First byte, counted from 0.
    pub fn start(&self) -> usize {
        self.start as usize
    }

    /// One past the last byte.
    pub fn end(&self) -> usize {
        self.end as usize
    }

    /// The marked text.
    pub fn text(&self) -> &str {
        &self.source.text()[self.start()..self.end()]
    }

    /// Line of the first byte, counted from 1.
    pub fn line(&self) -> usize {
        self.source.line_index(self.start()) + 1
    }

    /// Column of the first byte, counted from 1 in characters; a tab is one character.
    pub fn column(&self) -> usize {
        let line = self.source.line_range(self.source.line_index(self.start()));
        let before = line.start..self.start().max(line.start);
        self.source.text()[before].chars().count() + 1
    }

    /// Where a container starts: its opening bracket; every other place stays as it is.
    #[must_use]
    pub fn head(&self) -> Self {
        if self.text().starts_with(['{', '[']) { Self { end: self.start + 1, ..self.clone() } } else { self.clone() }
    }

    /// From the start of `self` to the end of `other`, which must lie in the same source.
    #[must_use]
    pub fn to(&self, other: &Self) -> Self {
        Self { end: other.end.max(self.start), ..self.clone() }
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.source.name(), self.line(), self.column())
    }
}

fn offset(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str, at: usize) -> (usize, usize) {
        let span = Source::new("t", text).span(at..at + 1);
        (span.line(), span.column())
    }

    #[test]
    fn lines_and_columns_count_characters() {
        assert_eq!(place("", 0), (1, 1));
        assert_eq!(place("ab\ncd", 4), (2, 2));
        assert_eq!(place("a\r\nb", 3), (2, 1));
        assert_eq!(place("a\r\nb", 2), (1, 3));
        assert_eq!(place("\t\tx", 2), (1, 3));
        assert_eq!(place("äöü x", 7), (1, 5));
        assert_eq!(place("x\n", 2), (2, 1));
    }

    #[test]
    fn a_byte_order_mark_does_not_shift_columns() {
        let source = Source::new("t", "\u{feff}{}");
        assert_eq!(source.text(), "{}");
        assert_eq!(source.span(0..1).column(), 1);
    }

    #[test]
    fn spans_are_cut_to_the_text_and_to_whole_characters() {
        let source = Source::new("t", "aé");
        assert_eq!(source.span(2..2).text(), "é");
        assert_eq!(source.span(1..99).text(), "é");
        assert_eq!(source.span(50..60).text(), "");
    }

    #[test]
    fn the_last_line_may_lack_its_line_end() {
        let source = Source::new("t", "a\r\nb");
        assert_eq!(source.line_range(0), 0..1);
        assert_eq!(source.line_range(1), 3..4);
        assert_eq!(source.line_range(2), 4..4);
    }
}
