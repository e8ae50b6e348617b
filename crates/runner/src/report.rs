//! Config problems, drawn with their source.

use miette::{GraphicalReportHandler, GraphicalTheme};
use steadfast_config::ConfigReport;

use crate::console::Console;

/// Shows all problems of all configs; even a quiet console does.
pub(crate) fn show(report: &ConfigReport, console: &Console) {
    console.problem(render(report, console.style().is_colored()).trim_end());
}

/// The report as text, at most as wide as a terminal usually is.
fn render(report: &ConfigReport, colored: bool) -> String {
    let theme = if colored { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let mut text = String::new();
    let handler = GraphicalReportHandler::new_themed(theme).with_width(100).with_links(false);
    if handler.render_report(&mut text, report).is_err() {
        // Writing to a string does not fail; the plain form says the same.
        text = format!("{report:#}");
    }
    text
}
