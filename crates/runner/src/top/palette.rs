//! Colors of the dashboard, or none.

use ratatui::style::{Color, Modifier, Style};

use super::board::Standing;

/// Whether to color. Bold and dim stay: they are no colors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Palette {
    pub(super) colored: bool,
}

impl Palette {
    pub(super) fn plain() -> Style {
        Style::default()
    }

    pub(super) fn dim() -> Style {
        Style::default().add_modifier(Modifier::DIM)
    }

    pub(super) fn bold() -> Style {
        Style::default().add_modifier(Modifier::BOLD)
    }

    /// What belongs to the program rather than to a run: keys, titles, the bar.
    pub(super) fn accent(self) -> Style {
        self.color(Color::Cyan)
    }

    pub(super) fn chosen() -> Style {
        Self::bold().add_modifier(Modifier::REVERSED)
    }

    /// A line of a log that somebody should read.
    pub(super) fn level(self, level: &str) -> Style {
        self.color(if level == "ERROR" { Color::Red } else { Color::Yellow }).add_modifier(Modifier::BOLD)
    }

    pub(super) fn training(self) -> Style {
        self.color(Color::Blue)
    }

    pub(super) fn validation(self) -> Style {
        self.color(Color::Yellow)
    }

    pub(super) fn standing(self, standing: Standing) -> Style {
        match standing {
            Standing::Running => self.color(Color::Cyan).add_modifier(Modifier::BOLD),
            Standing::Completed => self.color(Color::Green),
            Standing::Failed => self.color(Color::Red).add_modifier(Modifier::BOLD),
            Standing::Interrupted => self.color(Color::Yellow),
            Standing::Waiting => Self::dim(),
        }
    }

    fn color(self, color: Color) -> Style {
        if self.colored { Style::default().fg(color) } else { Style::default() }
    }
}
