//! What a key means, and what follows from it.

use ratatui::crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::board::Board;

/// What somebody who watches has chosen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Choice {
    /// The run in detail; before the first choice, whatever runs.
    pub(super) name: Option<String>,
    /// Which of the metrics is drawn beside the loss.
    pub(super) metric: usize,
    /// The log alone, instead of curves and a few lines.
    pub(super) whole_log: bool,
}

/// What has to be done about an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reaction {
    Quit,
    /// Another run: its files have to be read.
    Read,
    Draw,
    Nothing,
}

/// The keys as the footer shows them.
pub(super) const HINTS: [(&str, &str); 5] =
    [("↑↓", "choose"), ("m", "metric"), ("l", "log"), ("f", "follow"), ("q", "quit")];

pub(super) fn react(event: &Event, choice: &mut Choice, board: &Board) -> Reaction {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => press(*key, choice, board),
        Event::Resize(..) => Reaction::Draw,
        _ => Reaction::Nothing,
    }
}

fn press(key: KeyEvent, choice: &mut Choice, board: &Board) -> Reaction {
    let with_control = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        KeyCode::Char('c' | 'd') if with_control => Reaction::Quit,
        _ if with_control => Reaction::Nothing,
        KeyCode::Char('q') | KeyCode::Esc => Reaction::Quit,
        KeyCode::Down | KeyCode::Char('j') => go(choice, board, 1),
        KeyCode::Up | KeyCode::Char('k') => go(choice, board, -1),
        KeyCode::PageDown => go(choice, board, 10),
        KeyCode::PageUp => go(choice, board, -10),
        KeyCode::Home | KeyCode::Char('g') => go(choice, board, isize::MIN),
        KeyCode::End | KeyCode::Char('G') => go(choice, board, isize::MAX),
        KeyCode::Char('f') => {
            choice.name = None;
            Reaction::Read
        }
        KeyCode::Char('m') | KeyCode::Tab => {
            choice.metric = choice.metric.wrapping_add(1);
            Reaction::Draw
        }
        KeyCode::Char('l') => {
            choice.whole_log = !choice.whole_log;
            Reaction::Draw
        }
        _ => Reaction::Nothing,
    }
}

fn go(choice: &mut Choice, board: &Board, by: isize) -> Reaction {
    let Some(last) = board.cards.len().checked_sub(1) else { return Reaction::Nothing };
    let to = board.chosen().unwrap_or(0).saturating_add_signed(by).min(last);
    choice.name = Some(board.cards[to].name.clone());
    Reaction::Read
}
