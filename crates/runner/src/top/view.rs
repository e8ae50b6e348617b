//! The picture as a whole: a headline, the queue, one run, and the keys.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Paragraph, Wrap};

use super::board::{Board, Standing};
use super::keys::{Choice, HINTS};
use super::palette::Palette;
use super::{details, queue};

/// From here on the queue stands beside the run, not above it.
const WIDE: u16 = 72;

/// Less than this shows nothing that could be read.
const SMALLEST: (u16, u16) = (24, 8);

pub(super) fn draw(frame: &mut Frame<'_>, board: &Board, choice: &Choice, palette: Palette) {
    let area = frame.area();
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        frame.render_widget(Paragraph::new("too small").wrap(Wrap { trim: true }), area);
        return;
    }
    let [head, body, foot] =
        Layout::vertical([Constraint::Length(2), Constraint::Fill(1), Constraint::Length(1)]).areas(area);
    frame.render_widget(headline(board, palette), head);
    frame.render_widget(footer(palette), foot);
    if board.cards.is_empty() {
        return nothing(frame, body, board);
    }
    if area.width >= WIDE {
        let side = queue::width(board).clamp(24, (area.width / 3).max(24));
        let [left, gap, right] =
            Layout::horizontal([Constraint::Length(side), Constraint::Length(3), Constraint::Fill(1)]).areas(body);
        queue::draw(frame, left, board, palette);
        let line = Block::new().borders(Borders::LEFT).border_style(Palette::dim());
        frame.render_widget(line, Rect { x: gap.x + 1, width: 1, ..gap });
        details::draw(frame, right, board, choice, palette);
    } else {
        let wanted = u16::try_from(board.cards.len()).unwrap_or(u16::MAX);
        let height = wanted.min(body.height / 3).max(1);
        let [above, below] = Layout::vertical([Constraint::Length(height), Constraint::Fill(1)]).spacing(1).areas(body);
        queue::draw(frame, above, board, palette);
        details::draw(frame, below, board, choice, palette);
    }
}

/// `Steadfast  results   1 running  2 waiting  3 completed`.
fn headline(board: &Board, palette: Palette) -> Paragraph<'static> {
    let mut line = Line::from(vec![
        Span::styled("Steadfast", palette.accent().patch(Palette::bold())),
        Span::styled(format!(" {} ", board.results), Palette::dim()),
    ]);
    for standing in Standing::ALL {
        let number = board.cards.iter().filter(|card| card.standing == standing).count();
        if number > 0 {
            line.push_span(Span::styled(format!("  {number} {}", standing.word()), palette.standing(standing)));
        }
    }
    Paragraph::new(line)
}

fn footer(palette: Palette) -> Line<'static> {
    let mut line = Line::default();
    for (key, meaning) in HINTS {
        line.push_span(Span::styled(key, palette.accent().patch(Palette::bold())));
        line.push_span(Span::styled(format!(" {meaning}  "), Palette::dim()));
    }
    line
}

fn nothing(frame: &mut Frame<'_>, area: Rect, board: &Board) {
    let text = board.trouble.clone().unwrap_or_else(|| {
        format!("No runs in {} yet.\n\nThis page fills by itself once `runner configs/` is started.", board.results)
    });
    frame.render_widget(Paragraph::new(text).style(Palette::plain()).wrap(Wrap { trim: true }), area);
}
