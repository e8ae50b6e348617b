//! The left side: every run with how it stands.

use ratatui::Frame;
use ratatui::layout::{Constraint, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Cell, Row, Table, TableState};
use unicode_width::UnicodeWidthStr as _;

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
    let rows = board.cards.iter().map(|card| row(card, palette));
    let widths = [Constraint::Length(1), Constraint::Fill(1), Constraint::Length(EPOCHS)];
    let table = Table::new(rows, widths).row_highlight_style(Palette::chosen()).column_spacing(1);
    let mut state = TableState::default().with_selected(board.chosen());
    frame.render_stateful_widget(table, area, &mut state);
}

fn row(card: &Card, palette: Palette) -> Row<'static> {
    let style = palette.standing(card.standing);
    let epochs = match (&card.progress, card.epochs) {
        (Some(progress), _) if progress.steps > 0 => format!("{}%", progress.step * 100 / progress.steps),
        (_, Some(epochs)) => epochs.to_string(),
        _ => String::new(),
    };
    Row::new([
        Cell::new(Span::styled(card.standing.sign(), style)),
        Cell::new(Span::styled(card.name.clone(), style)),
        Cell::new(Line::styled(epochs, Palette::dim()).right_aligned()),
    ])
}
