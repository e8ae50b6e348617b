//! The right side: one run with its progress, its curves and the end of its log.

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Paragraph};

use super::board::{Board, Card, Detail, Standing};
use super::curves;
use super::keys::Choice;
use super::log_line;
use super::palette::Palette;
use crate::number::{duration, metric, plural, rounded};

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, board: &Board, choice: &Choice, palette: Palette) {
    let Some(card) = board.chosen().and_then(|at| board.cards.get(at)) else { return };
    let detail = &board.detail;
    let head = heading(card, detail, area.width, palette);
    let height = u16::try_from(head.len()).unwrap_or(u16::MAX).min(area.height);
    let [top, rest] = Layout::vertical([Constraint::Length(height), Constraint::Fill(1)]).areas(area);
    frame.render_widget(Paragraph::new(head), top);
    if choice.whole_log || detail.rows.is_empty() {
        return log(frame, rest, detail, palette);
    }
    // Curves need some height to say anything.
    let log_height = match rest.height {
        0..9 => 0,
        _ if detail.log.is_empty() => 0,
        9..16 => 4,
        height => height / 3,
    };
    let [middle, bottom] = Layout::vertical([Constraint::Fill(1), Constraint::Length(log_height)]).areas(rest);
    curves::draw(frame, middle, detail, choice.metric, palette);
    log(frame, bottom, detail, palette);
}

/// How it stands, in as many lines as that takes.
fn heading(card: &Card, detail: &Detail, width: u16, palette: Palette) -> Vec<Line<'static>> {
    let mut lines = vec![Line::from(vec![
        Span::styled(detail.name.clone(), Palette::bold()),
        Span::raw("  "),
        Span::styled(card.standing.word(), palette.standing(card.standing)),
    ])];
    if !detail.facts.is_empty() {
        lines.push(Line::styled(detail.facts.clone(), Palette::dim()));
    }
    // A run that goes on has the reason of its last stop until it ends.
    let is_over = !matches!(card.standing, Standing::Running | Standing::Waiting);
    if let Some(reason) = detail.reason.as_ref().filter(|_| is_over) {
        let style = palette.standing(card.standing);
        lines.extend(
            crate::grid::wrap(reason, usize::from(width.max(8)))
                .into_iter()
                .take(3)
                .map(|line| Line::styled(line, style)),
        );
    }
    lines.push(progress(card, detail, width, palette));
    lines.push(Line::styled(figures(card, detail), Palette::plain()));
    lines.push(Line::default());
    lines
}

/// `━━━━━━━━──────  45%  epoch 3/15`.
fn progress(card: &Card, detail: &Detail, width: u16, palette: Palette) -> Line<'static> {
    let row = detail.rows.last().and_then(|row| row.get("epoch")).and_then(serde_json::Value::as_u64);
    let (done, total, epoch, epochs) = if let Some(progress) = &card.progress {
        (progress.step, progress.steps, progress.epoch, progress.epochs)
    } else {
        let done = row.or(card.epochs).unwrap_or(0);
        let wanted = detail.epochs_wanted.unwrap_or(done);
        (done, wanted, done, wanted)
    };
    let text = match done.min(total).saturating_mul(100).checked_div(total) {
        Some(percent) => format!("  {percent:>3}%  epoch {epoch}/{epochs}"),
        None => format!("  {}", plural(epoch, "epoch")),
    };
    let room = usize::from(width).saturating_sub(text.len()).min(40);
    let full = done.min(total).saturating_mul(room as u64).checked_div(total);
    let full = full.and_then(|full| usize::try_from(full).ok()).unwrap_or(0);
    Line::from(vec![
        Span::styled("━".repeat(full), palette.standing(card.standing)),
        Span::styled("─".repeat(room - full), Palette::dim()),
        Span::raw(text),
    ])
}

/// `loss 0.1234  12,345 samples/s  1 min 20 s left  best val_loss 0.0306 in epoch 12`.
fn figures(card: &Card, detail: &Detail) -> String {
    let mut parts = Vec::new();
    if let Some(progress) = &card.progress {
        parts.extend(progress.loss.map(|loss| format!("loss {}", metric(loss))));
        if progress.samples_per_s > 0.0 {
            parts.push(format!("{} samples/s", rounded(progress.samples_per_s)));
        }
        parts.extend(progress.left_s.map(|left| format!("{} left", duration(Duration::from_secs(left)))));
    } else {
        parts.extend(detail.samples_per_s.map(|speed| format!("{} samples/s", rounded(speed))));
        let took = detail.total_s.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        parts.extend(took.map(|took| format!("{} in all", duration(took))));
    }
    parts.extend(
        detail.best.map(|(epoch, value)| format!("best {} {} in epoch {epoch}", detail.monitor, metric(value))),
    );
    parts.join("  ")
}

/// The end of the log. Long lines are cut.
fn log(frame: &mut Frame<'_>, area: Rect, detail: &Detail, palette: Palette) {
    if area.height < 2 {
        return;
    }
    let block =
        Block::new().borders(Borders::TOP).border_style(Palette::dim()).title(Span::styled(" log ", palette.accent()));
    let inside = block.inner(area);
    let from = detail.log.len().saturating_sub(usize::from(inside.height));
    let lines: Vec<Line<'_>> = detail.log[from..].iter().map(|line| log_line::line(line, palette)).collect();
    frame.render_widget(Paragraph::new(lines).block(block), area);
}
