//! Tables for people: columns that line up, colored where that is wanted, and blocks where a table does not fit.

use std::io::{IsTerminal, Write, stderr, stdout};
use std::os::fd::AsFd;

use unicode_width::UnicodeWidthStr;

use crate::style::Style;

/// Between two columns.
const GAP: &str = "  ";

/// A column of text is not made narrower than this.
const NARROWEST: usize = 16;

/// How a cell looks where there are colors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    Plain,
    Bold,
    Dim,
    Good,
    Warn,
    Bad,
}

/// One field of a table: a text without control characters, and how it looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cell {
    text: String,
    look: Look,
}

/// A column's title, and how it is laid out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    title: String,
    layout: Layout,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    Left,
    Right,
    /// On the left, and broken into lines where the table is too wide. One of each table at most.
    Prose,
}

/// A table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Grid {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

impl Cell {
    pub(crate) fn new(text: impl AsRef<str>) -> Self {
        Self { text: printable(text.as_ref()), look: Look::Plain }
    }

    pub(crate) fn look(self, look: Look) -> Self {
        Self { look, ..self }
    }

    fn width(&self) -> usize {
        self.text.width()
    }
}

impl Column {
    /// Text that is read from the left.
    pub(crate) fn left(title: impl Into<String>) -> Self {
        Self { title: title.into(), layout: Layout::Left }
    }

    /// Numbers.
    pub(crate) fn right(title: impl Into<String>) -> Self {
        Self { title: title.into(), layout: Layout::Right }
    }

    /// Sentences, broken where there is no room for them.
    pub(crate) fn prose(title: impl Into<String>) -> Self {
        Self { title: title.into(), layout: Layout::Prose }
    }
}

impl Grid {
    /// A table without rows. Columns without any title get no header.
    pub(crate) fn new(columns: Vec<Column>) -> Self {
        Self { columns, rows: Vec::new() }
    }

    /// Adds a row, with a cell for each column.
    pub(crate) fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table as text: at most `width` columns wide where that is possible, else a block for each row.
    pub(crate) fn render(&self, width: Option<usize>, style: Style) -> String {
        let mut widths = self.widths();
        let Some(most) = width else { return self.lines(&widths, style) };
        let whole = whole_width(&widths);
        if whole <= most {
            return self.lines(&widths, style);
        }
        if let Some(at) = self.columns.iter().position(|column| column.layout == Layout::Prose) {
            let others = whole - widths[at];
            if most >= others + NARROWEST {
                widths[at] = most - others;
                return self.lines(&widths, style);
            }
        }
        self.blocks(most, style)
    }

    /// How wide the table is when nothing is broken.
    pub(crate) fn width(&self) -> usize {
        whole_width(&self.widths())
    }

    /// The table with its rows as columns. The first column becomes the header.
    pub(crate) fn transposed(&self) -> Self {
        let first = self.columns.first().map(|column| Column::left(&column.title));
        let others = self.rows.iter().filter_map(|row| row.first()).map(|cell| Column::right(&cell.text));
        let mut grid = Self::new(first.into_iter().chain(others).collect());
        for (at, column) in self.columns.iter().enumerate().skip(1) {
            let cells = self.rows.iter().filter_map(|row| row.get(at)).cloned();
            grid.row(std::iter::once(Cell::new(&column.title).look(Look::Dim)).chain(cells).collect());
        }
        grid
    }

    fn widths(&self) -> Vec<usize> {
        let widest = |(at, column): (usize, &Column)| {
            let cells = self.rows.iter().filter_map(|row| row.get(at)).map(Cell::width);
            cells.chain([column.title.width()]).max().unwrap_or(0)
        };
        self.columns.iter().enumerate().map(widest).collect()
    }

    fn lines(&self, widths: &[usize], style: Style) -> String {
        let mut lines = Vec::new();
        if self.columns.iter().any(|column| !column.title.is_empty()) {
            let titles: Vec<Cell> =
                self.columns.iter().map(|column| Cell::new(&column.title).look(Look::Dim)).collect();
            lines.extend(self.row_lines(&titles, widths, style));
        }
        for row in &self.rows {
            lines.extend(self.row_lines(row, widths, style));
        }
        lines.join("\n")
    }

    /// A row, in as many lines as its prose takes.
    fn row_lines(&self, row: &[Cell], widths: &[usize], style: Style) -> Vec<String> {
        let pieces: Vec<Vec<String>> = row.iter().zip(widths).map(|(cell, width)| wrap(&cell.text, *width)).collect();
        let height = pieces.iter().map(Vec::len).max().unwrap_or(0);
        let mut lines = Vec::with_capacity(height);
        for line in 0..height {
            let mut text = String::from(" ");
            for (at, (cell, column)) in row.iter().zip(&self.columns).enumerate() {
                let piece = pieces[at].get(line).map_or("", String::as_str);
                let padding = " ".repeat(widths[at].saturating_sub(piece.width()));
                let piece = paint(style, cell.look, piece);
                if at > 0 {
                    text.push_str(GAP);
                }
                match column.layout {
                    Layout::Right => text.extend([padding, piece]),
                    Layout::Left | Layout::Prose => text.extend([piece, padding]),
                }
            }
            lines.push(text.trim_end().to_owned());
        }
        lines
    }

    /// For narrow places: the first cell as a heading, the others below it under their titles.
    fn blocks(&self, most: usize, style: Style) -> String {
        let titles = self.columns.iter().skip(1).map(|column| column.title.width()).max().unwrap_or(0);
        let rest = most.saturating_sub(titles + 2 + GAP.len()).max(12);
        let mut lines = Vec::new();
        for row in &self.rows {
            let Some((head, cells)) = row.split_first() else { continue };
            lines.push(style.bold(&head.text));
            for (cell, column) in
                cells.iter().zip(self.columns.iter().skip(1)).filter(|(cell, _)| !cell.text.is_empty())
            {
                for (line, piece) in wrap(&cell.text, rest).iter().enumerate() {
                    let title = if line == 0 { column.title.as_str() } else { "" };
                    let padding = " ".repeat(titles - title.width());
                    let piece = paint(style, cell.look, piece);
                    let between = if titles == 0 { "" } else { GAP };
                    lines.push(format!("  {}{padding}{between}{piece}", style.dim(title)));
                }
            }
        }
        lines.join("\n")
    }
}

fn whole_width(widths: &[usize]) -> usize {
    1 + widths.iter().sum::<usize>() + GAP.len() * widths.len().saturating_sub(1)
}

/// Breaks a text at its spaces; a word that is too long is cut.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split(' ') {
        let mut word = word.to_owned();
        if used > 0 && used + 1 + word.width() > width {
            lines.push(String::new());
            used = 0;
        }
        while word.width() > width && width > 0 && used == 0 {
            let at = cut(&word, width);
            let rest = word.split_off(at);
            lines.last_mut().into_iter().for_each(|line| line.push_str(&word));
            lines.push(String::new());
            word = rest;
        }
        let Some(line) = lines.last_mut() else { continue };
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        line.push_str(&word);
        used += word.width();
    }
    lines
}

/// A name, and behind it what is said of it: on the same line where it fits, else wrapped below.
pub(crate) fn headline(name: &str, look: Look, about: &str, style: Style) -> String {
    titled(name, look, (about, Look::Plain), terminal_width(), style)
}

/// The same in two looks, in a terminal of this width.
pub(crate) fn titled(
    name: &str,
    look: Look,
    (about, about_look): (&str, Look),
    width: Option<usize>,
    style: Style,
) -> String {
    let (name, about) = (printable(name), printable(about));
    let heading = paint(style, look, &name);
    if about.is_empty() {
        return heading;
    }
    match width.filter(|width| name.width() + GAP.len() + about.width() > *width) {
        None => format!("{heading}{GAP}{}", paint(style, about_look, &about)),
        Some(width) => {
            let lines = wrap(&about, width.saturating_sub(GAP.len()));
            let lines = lines.iter().map(|line| format!("\n{GAP}{}", paint(style, about_look, line)));
            format!("{heading}{}", lines.collect::<String>())
        }
    }
}

/// Where a word is cut so that its beginning fits; after one character at least.
fn cut(word: &str, width: usize) -> usize {
    let fits = word.char_indices().map(|(at, _)| at).skip(1).take_while(|at| word[..*at].width() <= width);
    fits.last().unwrap_or_else(|| word.chars().next().map_or(0, char::len_utf8))
}

/// A text without anything that could steer a terminal.
pub(crate) fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control()
            || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
        {
            out.extend(letter.escape_unicode());
        } else {
            out.push(letter);
        }
    }
    out
}

fn paint(style: Style, look: Look, text: &str) -> String {
    match look {
        _ if text.is_empty() => String::new(),
        Look::Plain => text.to_owned(),
        Look::Bold => style.bold(text),
        Look::Dim => style.dim(text),
        Look::Good => style.good(text),
        Look::Warn => style.warn(text),
        Look::Bad => style.bad(text),
    }
}

/// How wide the terminal on standard output is; nothing where there is none.
pub(crate) fn terminal_width() -> Option<usize> {
    width_of(&stdout())
}

/// How wide the terminal behind a stream is.
pub(crate) fn width_of(stream: &(impl IsTerminal + AsFd)) -> Option<usize> {
    if !stream.is_terminal() {
        return None;
    }
    let size = rustix::termios::tcgetwinsize(stream).ok()?;
    Some(usize::from(size.ws_col)).filter(|width| *width >= 16)
}

/// Writes a result. A reader that has gone away is no error: it has seen what it wanted.
pub(crate) fn say(text: &str) {
    let _ = writeln!(stdout().lock(), "{text}");
}

/// Says something on standard error. Without anybody to tell it to there is nothing to do about it.
pub(crate) fn remark(text: &str) {
    let _ = writeln!(stderr().lock(), "{text}");
}

/// Writes a result for programs.
pub(crate) fn say_json(value: &serde_json::Value) {
    say(&format!("{value:#}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid() -> Grid {
        let mut grid = Grid::new(vec![Column::left("name"), Column::right("lr"), Column::prose("meaning")]);
        grid.row(vec![
            Cell::new("größe").look(Look::Bold),
            Cell::new("0.1"),
            Cell::new("a sentence of some length, with words"),
        ]);
        grid.row(vec![Cell::new("b\u{1b}[2J"), Cell::new("10.25"), Cell::new("short")]);
        grid
    }

    #[test]
    fn columns_line_up_and_nothing_steers_the_terminal() {
        insta::assert_snapshot!(grid().render(None, Style::plain()), @r#"
        name           lr  meaning
        größe         0.1  a sentence of some length, with words
        b\u{1b}[2J  10.25  short
        "#);
    }

    #[test]
    fn prose_is_broken_where_there_is_little_room() {
        insta::assert_snapshot!(grid().render(Some(48), Style::plain()), @r#"
        name           lr  meaning
        größe         0.1  a sentence of some length,
                           with words
        b\u{1b}[2J  10.25  short
        "#);
    }

    #[test]
    fn a_table_that_does_not_fit_becomes_blocks() {
        insta::assert_snapshot!(grid().render(Some(30), Style::plain()), @r#"
        größe
          lr       0.1
          meaning  a sentence of some
                   length, with words
        b\u{1b}[2J
          lr       10.25
          meaning  short
        "#);
    }

    #[test]
    fn a_headline_that_does_not_fit_continues_below() {
        let about = ("what it is about", Look::Plain);
        let at = |width| titled("name", Look::Plain, about, width, Style::plain());
        assert_eq!(at(None), "name  what it is about");
        assert_eq!(at(Some(22)), "name  what it is about");
        assert_eq!(at(Some(16)), "name\n  what it is\n  about");
        assert_eq!(titled("name", Look::Plain, ("", Look::Plain), Some(3), Style::plain()), "name");
    }

    #[test]
    fn words_are_cut_only_when_they_must_be() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh ij", 3), ["abc", "def", "gh", "ij"]);
        assert_eq!(wrap("", 5), [""]);
    }
}
