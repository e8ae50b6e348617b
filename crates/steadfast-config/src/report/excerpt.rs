//! The lines of a text around some marked places, fit to be printed.
//!
//! Unprintable characters are replaced one for one, and long lines are cut down to what surrounds the marks,
//! while line and column of each mark stay those of the original text.

use std::ops::Range;

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use crate::source::Span;
use crate::wording::{escape, is_unprintable};

/// Lines longer than this are cut, in characters.
const LINE_LIMIT: usize = 200;

/// How much of a long line stays on each side of a mark, in characters.
const MARGIN: usize = 40;

/// How much of a long mark stays, in characters.
const MARK_LIMIT: usize = 80;

/// The lines around some places of one text.
#[derive(Debug, Clone)]
pub(super) struct Excerpt {
    name: String,
    text: String,
    lines: Vec<Line>,
    marks: Vec<Mark>,
}

/// A line of the excerpt.
#[derive(Debug, Clone)]
struct Line {
    /// Which line of the original it is, from 0.
    index: usize,
    /// Its bytes in the excerpt, without the line end.
    range: Range<usize>,
}

/// A marked place.
#[derive(Debug, Clone)]
pub(super) struct Mark {
    /// Its bytes in the excerpt.
    pub(super) range: Range<usize>,
    line: usize,
    column: usize,
}

impl Excerpt {
    /// The lines around `places`, all of which lie in the same source; the marks come in the same order.
    pub(super) fn around(places: &[&Span]) -> Option<Self> {
        let source = places.first()?.source();
        let mut wanted: Vec<usize> = places
            .iter()
            .flat_map(|place| {
                let index = source.line_index(place.start());
                // What follows the last line break is no line of its own, unless something is marked there.
                let after = if source.line_range(index + 1).start < source.text().len() { index + 1 } else { index };
                index.saturating_sub(1)..=after
            })
            .collect();
        wanted.sort_unstable();
        wanted.dedup();
        let marks = vec![Mark { range: 0..0, line: 0, column: 0 }; places.len()];
        let mut excerpt = Self { name: escape(source.name()), text: String::new(), lines: Vec::new(), marks };
        for index in wanted {
            excerpt.push_line(index, places);
        }
        Some(excerpt)
    }

    pub(super) fn marks(&self) -> &[Mark] {
        &self.marks
    }

    fn push_line(&mut self, index: usize, places: &[&Span]) {
        let source = places[0].source();
        let line = source.line_range(index);
        // What of each place lies on this line; a place that goes on over more lines is marked on its first.
        let on_line: Vec<_> = places
            .iter()
            .enumerate()
            .filter(|(_, place)| source.line_index(place.start()) == index)
            .map(|(number, place)| (number, place.start().min(line.end)..place.end().min(line.end)))
            .collect();
        let shown = shown_parts(source.text(), &line, &on_line);
        let start = self.text.len();
        let ends = Rendering::of(source.text(), &line, &shown, &mut self.text);
        for (number, range) in on_line {
            let place = places[number];
            let range = ends.position(range.start)..ends.position(range.end);
            self.marks[number] = Mark { range, line: index, column: place.column() - 1 };
        }
        // A mark at the end of a line, or on an empty one, needs something to stand under.
        self.text.push(' ');
        self.lines.push(Line { index, range: start..self.text.len() });
        self.text.push('\n');
    }

    /// The lines that `range` touches, with as many before and after as were asked for and follow without a gap.
    fn lines_around(&self, range: &Range<usize>, before: usize, after: usize) -> Option<Range<usize>> {
        let line_of = |at: usize| self.lines.iter().position(|line| line.range.start <= at && at <= line.range.end);
        let (mut first, mut last) = (line_of(range.start)?, line_of(range.end)?);
        if self.lines[last].index - self.lines[first].index != last - first {
            return None;
        }
        let adjoin = |left: usize, right: usize| self.lines[left].index + 1 == self.lines[right].index;
        for _ in 0..before {
            if first > 0 && adjoin(first - 1, first) {
                first -= 1;
            }
        }
        for _ in 0..after {
            if last + 1 < self.lines.len() && adjoin(last, last + 1) {
                last += 1;
            }
        }
        Some(first..last + 1)
    }
}

impl SourceCode for Excerpt {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        context_lines_before: usize,
        context_lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let range = span.offset()..span.offset() + span.len();
        let lines =
            self.lines_around(&range, context_lines_before, context_lines_after).ok_or(MietteError::OutOfBounds)?;
        let (first, last) = (&self.lines[lines.start], &self.lines[lines.end - 1]);
        // Renderers ask without context to learn line and column of a mark: tell those of the original.
        let mark = self.marks.iter().find(|mark| mark.range == range);
        let (bytes, line, column) = match mark {
            Some(mark) if context_lines_before == 0 => (range, mark.line, mark.column),
            _ => (first.range.start..last.range.end, first.index, 0),
        };
        let contents = self.text.get(bytes.clone()).ok_or(MietteError::OutOfBounds)?;
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            contents.as_bytes(),
            (bytes.start, bytes.len()).into(),
            line,
            column,
            lines.len(),
        )))
    }
}

/// Which bytes of a line are shown: all of a short one, of a long one what surrounds its marks.
fn shown_parts(text: &str, line: &Range<usize>, marks: &[(usize, Range<usize>)]) -> Vec<Range<usize>> {
    let content = &text[line.clone()];
    if content.chars().count() <= LINE_LIMIT {
        return vec![line.clone()];
    }
    let back =
        |from: usize| text[line.start..from].char_indices().rev().take(MARGIN).last().map(|(at, _)| line.start + at);
    let ahead = |from: usize, count: usize| {
        text[from..line.end].char_indices().nth(count).map_or(line.end, |(at, _)| from + at)
    };
    let mut parts: Vec<_> = marks
        .iter()
        .map(|(_, mark)| {
            let end = mark.end.min(ahead(mark.start, MARK_LIMIT));
            back(mark.start).unwrap_or(line.start)..ahead(end, MARGIN)
        })
        .collect();
    if parts.is_empty() {
        parts.push(line.start..ahead(line.start, 2 * MARGIN));
    }
    parts.sort_by_key(|part| part.start);
    let mut merged: Vec<Range<usize>> = Vec::new();
    for part in parts {
        match merged.last_mut() {
            Some(last) if part.start <= last.end => last.end = last.end.max(part.end),
            _ => merged.push(part),
        }
    }
    merged
}

/// Where the characters of an original line went.
struct Rendering {
    /// Original byte and rendered byte of each shown character, and of the end of the line.
    places: Vec<(usize, usize)>,
}

impl Rendering {
    /// Appends the shown parts of a line to `out`, with `…` where something is left out.
    fn of(text: &str, line: &Range<usize>, shown: &[Range<usize>], out: &mut String) -> Self {
        let mut places = Vec::new();
        let mut at = line.start;
        for part in shown {
            if part.start > at {
                out.push('…');
            }
            for (offset, c) in text[part.clone()].char_indices() {
                places.push((part.start + offset, out.len()));
                out.push(printable(c));
            }
            at = part.end;
        }
        places.push((at, out.len()));
        if at < line.end {
            out.push('…');
        }
        Self { places }
    }

    /// Where the character at byte `original` went; if it is not shown, where the next shown one went.
    fn position(&self, original: usize) -> usize {
        let index = self.places.partition_point(|&(place, _)| place < original);
        self.places.get(index).or(self.places.last()).map_or(0, |&(_, rendered)| rendered)
    }
}

/// One character that stands for `c` and moves nothing on the screen.
fn printable(c: char) -> char {
    match c {
        '\t' => '\t',
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or(char::REPLACEMENT_CHARACTER),
        '\u{7f}' => '\u{2421}',
        c if is_unprintable(c) => char::REPLACEMENT_CHARACTER,
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;

    /// What is marked in the excerpt, with line and column as a renderer would print them.
    fn marked(text: &str, range: Range<usize>) -> (String, usize, usize) {
        let source = Source::new("t", text);
        let excerpt = Excerpt::around(&[&source.span(range)]).unwrap();
        let mark = excerpt.marks()[0].range.clone();
        let span = (mark.start, mark.len()).into();
        let contents = excerpt.read_span(&span, 0, 0).unwrap();
        let marked = String::from_utf8(contents.data().to_vec()).unwrap();
        (marked, contents.line() + 1, contents.column() + 1)
    }

    fn shown(text: &str, range: Range<usize>) -> String {
        let source = Source::new("t", text);
        let excerpt = Excerpt::around(&[&source.span(range)]).unwrap();
        let mark = excerpt.marks()[0].range.clone();
        let contents = excerpt.read_span(&(mark.start, mark.len()).into(), 1, 1).unwrap();
        String::from_utf8(contents.data().to_vec()).unwrap()
    }

    #[test]
    fn marks_keep_their_original_line_and_column() {
        assert_eq!(marked("{\r\n\t\"ä\": \u{1b}x\r\n}", 11..12), ("x".to_owned(), 2, 8));
        assert_eq!(marked("a\nb\nc", 4..5), ("c".to_owned(), 3, 1));
    }

    #[test]
    fn control_characters_become_pictures() {
        assert_eq!(shown("a\u{1b}[2J\u{202e}", 0..1), "a␛[2J\u{fffd} ");
    }

    #[test]
    fn a_long_line_is_cut_around_the_mark() {
        let text = format!("{}MARK{}", "é".repeat(5_000), "z".repeat(5_000));
        let at = text.find("MARK").unwrap();
        assert_eq!(marked(&text, at..at + 4), ("MARK".to_owned(), 1, 5_001));
        let line = shown(&text, at..at + 4);
        assert_eq!(line, format!("…{}MARK{}… ", "é".repeat(MARGIN), "z".repeat(MARGIN)));
    }

    #[test]
    fn a_long_mark_is_cut_too() {
        let text = "z".repeat(5_000);
        let (mark, ..) = marked(&text, 0..5_000);
        assert_eq!(mark.len(), MARK_LIMIT + MARGIN);
    }

    #[test]
    fn a_mark_over_many_lines_is_cut_to_its_first() {
        assert_eq!(marked("[1,\n2,\n3]", 0..9).0, "[1,");
    }

    #[test]
    fn every_place_of_a_text_can_be_marked() {
        for text in ["", "\n", "a", "a\n", "a\r\n\r\nb", "é\t\u{7f}"] {
            for start in 0..=text.len() {
                for end in start..=text.len() {
                    marked(text, start..end);
                    shown(text, start..end);
                }
            }
        }
    }
}
