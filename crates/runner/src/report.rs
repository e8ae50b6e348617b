//! Config problems, drawn with their source.

use miette::{GraphicalReportHandler, GraphicalTheme};
use steadfast_config::ConfigReport;

use crate::console::Console;

/// Wider lines are hard to read.
const WIDEST: usize = 100;

/// In narrower ones nothing can be marked.
const NARROWEST: usize = 40;

/// Shows all problems of all configs; even a quiet console does.
pub(crate) fn show(report: &ConfigReport, console: &Console) {
    let width = Console::width().map_or(WIDEST, |width| width.clamp(NARROWEST, WIDEST));
    console.problem(render(report, console.style().is_colored(), width).trim_end());
}

/// The report as text, at most so wide where its words can be broken.
fn render(report: &ConfigReport, colored: bool, width: usize) -> String {
    let theme = if colored { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let mut text = String::new();
    let handler = GraphicalReportHandler::new_themed(theme).with_width(width).with_links(false);
    if handler.render_report(&mut text, report).is_err() {
        // Writing to a string does not fail; the plain form says the same.
        text = format!("{report:#}");
    }
    text
}
