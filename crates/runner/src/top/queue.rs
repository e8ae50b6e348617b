//! The left side: every run with how it stands.

use ratatui::Frame;
use ratatui::layout::{Constraint, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Cell, Row, Table, TableState};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::board::{Board, Card};
use super::palette::Palette;

/// Columns of a number of epochs, or of a percentage.
const EPOCHS: u16 = 7;

/// Columns that show every name whole.
pub(super) fn width(board: &Board) -> u16 {
    let longest = board.cards.iter().map(|card| card.name.width()).max().unwrap_or(0);
    u16::try_from(longest).unwrap_or(u16::MAX).saturating_add(EPOCHS + 3)
}

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, board: &Board, palette: Palette) {
    let room = usize::from(area.width.saturating_sub(EPOCHS + 3));
    let rows = board.cards.iter().map(|card| row(card, room, palette));
    let widths = [Constraint::Length(1), Constraint::Fill(1), Constraint::Length(EPOCHS)];
    let table = Table::new(rows, widths).row_highlight_style(Palette::chosen()).column_spacing(1);
    let mut state = TableState::default().with_selected(board.chosen());
    frame.render_stateful_widget(table, area, &mut state);
}

/// A name in so many columns. The fingerprint of a run of a sweep goes first, then the middle: such names begin alike,
/// and end with what tells them apart.
fn fitting(name: &str, room: usize) -> String {
    if name.width() <= room {
        return name.to_owned();
    }
    if let Some((values, _)) = name.rsplit_once('@') {
        return fitting(values, room);
    }
    let mut end = String::new();
    for letter in name.chars().rev() {
        if end.width() + letter.width().unwrap_or(0) > room / 2 {
            break;
        }
        end.insert(0, letter);
    }
    let mut text = String::new();
    for letter in name.chars() {
        if text.width() + letter.width().unwrap_or(0) + 1 + end.width() > room {
            break;
        }
        text.push(letter);
    }
    format!("{text}…{end}")
}

fn row(card: &Card, room: usize, palette: Palette) -> Row<'static> {
    let style = palette.standing(card.standing);
    let epochs = match (&card.progress, card.epochs) {
        (Some(progress), _) if progress.steps > 0 => format!("{}%", progress.step * 100 / progress.steps),
        (_, Some(epochs)) => epochs.to_string(),
        _ => String::new(),
    };
    Row::new([
        Cell::new(Span::styled(card.standing.sign(), style)),
        Cell::new(Span::styled(fitting(&card.name, room), style)),
        Cell::new(Line::styled(epochs, Palette::dim()).right_aligned()),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_loses_its_middle() {
        assert_eq!(fitting("short", 5), "short");
        assert_eq!(fitting("rates/lr-0.01@82d21d5b", 14), "rates/lr-0.01");
        assert_eq!(fitting("lr-0.0003_batch-128_seed-7@82d21d5b", 20), "lr-0.0003…128_seed-7");
        assert_eq!(fitting("\u{5b66}\u{7fd2}\u{7387}\u{5b66}\u{7fd2}", 7), "\u{5b66}\u{7fd2}…\u{7fd2}");
        for room in 1..12 {
            assert!(fitting("a-name-of-many-letters", room).width() <= room);
        }
    }
}
