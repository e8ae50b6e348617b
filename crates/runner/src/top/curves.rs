//! Curves over the epochs: the loss of training and validation, and one metric more.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::symbols::Marker;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Axis, Chart, Dataset, GraphType};
use serde_json::Value;

use super::board::Detail;
use super::palette::Palette;
use crate::number::metric;

/// Two charts side by side need so many columns.
const WIDE: u16 = 72;

/// From this ratio of the largest to the smallest loss on, the axis is logarithmic: else the first epoch is all one sees.
const STEEP: f64 = 20.0;

/// Curves on common axes.
struct Picture {
    /// What all of them are figures of.
    name: String,
    curves: Vec<Curve>,
}

/// A figure over the epochs; figures that are no numbers are left out.
struct Curve {
    /// Of which data.
    name: &'static str,
    points: Vec<(f64, f64)>,
    style: Style,
}

/// Draws the loss, and where there is room a metric beside it; `number` chooses, and goes round what there is.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, detail: &Detail, number: usize, palette: Palette) {
    let names = names(detail);
    let shown = |index: usize| names.get(index).map(|name| picture(detail, name, palette));
    if area.width >= WIDE && names.len() > 1 {
        let [left, right] = Layout::horizontal([Constraint::Fill(1); 2]).spacing(1).areas(area);
        let chosen = 1 + number % (names.len() - 1);
        for (area, picture) in [(left, shown(0)), (right, shown(chosen))] {
            if let Some(picture) = picture {
                chart(frame, area, &picture);
            }
        }
    } else if let Some(picture) = shown(number % names.len().max(1)) {
        chart(frame, area, &picture);
    }
}

/// What can be drawn: the loss, every other metric of validation, and the learning rate.
fn names(detail: &Detail) -> Vec<&str> {
    let keys = detail.rows.last().into_iter().flat_map(|row| row.keys());
    let others = keys.filter_map(|key| key.strip_prefix("val_").or_else(|| (key == "lr").then_some("lr")));
    ["loss"].into_iter().chain(others.filter(|name| *name != "loss")).collect()
}

fn picture(detail: &Detail, name: &str, palette: Palette) -> Picture {
    let all = [
        curve(detail, "", name, palette.training()),
        curve(detail, "train", &format!("train_{name}"), palette.training()),
        curve(detail, "val", &format!("val_{name}"), palette.validation()),
    ];
    let curves = all.into_iter().filter(|curve| !curve.points.is_empty()).collect();
    Picture { name: name.to_owned(), curves }
}

fn curve(detail: &Detail, data: &'static str, name: &str, style: Style) -> Curve {
    let figure = |row: &serde_json::Map<String, Value>| {
        Some((row.get("epoch")?.as_f64()?, row.get(name)?.as_f64().filter(|value| value.is_finite())?))
    };
    Curve { name: data, points: detail.rows.iter().filter_map(figure).collect(), style }
}

fn chart(frame: &mut Frame<'_>, area: Rect, picture: &Picture) {
    let curves = &picture.curves;
    let [head, body] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(area);
    let heights = || curves.iter().flat_map(|curve| &curve.points).map(|point| point.1);
    let (low, high) = ends(heights());
    // What is zero or less has no logarithm.
    let is_steep = picture.name == "loss" && low > 0.0 && high / low >= STEEP;
    frame.render_widget(legend(picture, is_steep, head.width), head);
    if curves.is_empty() || body.height < 3 {
        return;
    }
    let (first, last) = ends(curves.iter().flat_map(|curve| &curve.points).map(|point| point.0));
    // A flat line goes through the middle.
    let margin = if high > low { 0.0 } else { high.abs().max(1.0) * 0.5 };
    let (low, high) = (low - margin, high + margin);
    let height = |value: f64| if is_steep { value.log10() } else { value };
    let drawn = |curve: &Curve| curve.points.iter().map(|(epoch, value)| (*epoch, height(*value))).collect();
    let drawn: Vec<Vec<(f64, f64)>> = curves.iter().map(drawn).collect();
    let datasets = curves.iter().zip(&drawn).map(|(curve, points)| {
        let kind = if points.len() > 1 { GraphType::Line } else { GraphType::Scatter };
        Dataset::default().marker(Marker::Braille).graph_type(kind).style(curve.style).data(points)
    });
    let label = |text: String| Span::styled(text, Palette::dim());
    let heights = [metric(low), metric(high)].map(label);
    let epochs = [format!("{first:.0}"), format!("epoch {last:.0}")].map(label);
    let chart = Chart::new(datasets.collect())
        .x_axis(Axis::default().bounds([first, last.max(first + 1.0)]).labels(epochs).style(Palette::dim()))
        .y_axis(Axis::default().bounds([height(low), height(high)]).labels(heights).style(Palette::dim()));
    frame.render_widget(chart, body);
}

/// `loss (log)  train 0.3833  val 0.4067`: the latest figures. A number is never cut: where there is no room, first the
/// scale is left out, then the training.
fn legend(picture: &Picture, is_steep: bool, width: u16) -> Line<'static> {
    let all = picture.curves.as_slice();
    let last = &all[all.len().saturating_sub(1)..];
    let tries = [(" (log)", all), ("", all), ("", last)];
    let lines = tries.map(|(scale, curves)| legend_of(&picture.name, if is_steep { scale } else { "" }, curves));
    lines.into_iter().find(|line| line.width() <= usize::from(width)).unwrap_or_default()
}

fn legend_of(name: &str, scale: &str, curves: &[Curve]) -> Line<'static> {
    let mut line = Line::from(Span::styled(format!("{name}{scale}"), Palette::dim()));
    for curve in curves {
        let last = curve.points.last().map(|point| metric(point.1)).unwrap_or_default();
        line.push_span(Span::styled(format!("  {}", curve.name), curve.style));
        line.push_span(Span::styled(format!(" {last}"), Palette::bold()));
    }
    line
}

fn ends(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)))
}
