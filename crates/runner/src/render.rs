//! One experiment's events as lines for people, or as JSON lines for programs.

use std::fmt::Write as _;

use indicatif::ProgressBar;
use steadfast_experiment::{Event, Metrics, Observer};

use crate::args::LogFormatArg;
use crate::console::Console;
use crate::number::{duration, metric, plural, rate, rounded};
use crate::pace::Pace;
use crate::style::Style;

/// Shows one experiment.
#[derive(Debug)]
pub(crate) struct Renderer {
    console: Console,
    format: LogFormatArg,
    bar: Option<ProgressBar>,
    epochs: u64,
    pace: Pace,
    /// The figure that is shown beside the loss, as it was after the latest epoch.
    figure: Option<String>,
}

impl Renderer {
    pub(crate) fn new(console: Console, format: LogFormatArg) -> Self {
        Self { console, format, bar: None, epochs: 0, pace: Pace::begin(0), figure: None }
    }

    /// Takes the bar away.
    pub(crate) fn finish(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    fn start_bar(&mut self, step: u64, steps: u64) {
        self.pace = Pace::begin(step);
        if self.console.has_bar() && self.format == LogFormatArg::Text {
            let bar = self.console.bar(steps);
            bar.set_position(step);
            self.bar = Some(bar);
        }
        self.console.tell_batch(|batch| batch.begins_at(part(step, steps)));
    }

    /// Moves the bars. The text is made only as often as it can be seen.
    fn step(&self, epoch: u64, step: u64, (loss, samples): (f64, u64)) {
        let Some(bar) = &self.bar else { return };
        bar.set_position(step);
        let total = bar.length().unwrap_or(step);
        let left = self.pace.left(step, total);
        let parts = [
            Some(format!("epoch {}/{}", epoch + 1, self.epochs)),
            Some(format!("loss {}", metric(loss))),
            self.figure.clone(),
            Some(format!("{} samples/s", rounded(self.pace.speed(step, samples)))),
            left.map(|left| format!("{} left", duration(left))),
        ];
        bar.set_message(fitting(parts, Console::room_beside_bar()));
        self.console.tell_batch(|batch| batch.is_at(part(step, total)));
    }
}

/// Joins the parts; where there is no room for all, the speed goes first, then the figure, then the loss.
fn fitting(parts: [Option<String>; 5], room: usize) -> String {
    let mut parts = parts;
    for goes in [3, 2, 1] {
        let joined = parts.iter().flatten().map(String::as_str).collect::<Vec<_>>().join("  ");
        if joined.len() <= room {
            return joined;
        }
        parts[goes] = None;
    }
    parts.into_iter().flatten().collect::<Vec<_>>().join("  ")
}

/// The figure of an epoch that says most in one number: a metric of validation, else its loss.
fn telling(metrics: &Metrics) -> Option<String> {
    let is_metric = |name: &str| name.starts_with("val_") && name != "val_loss";
    let found = metrics.iter().find(|(name, _)| is_metric(name));
    let (name, value) = found.or_else(|| metrics.iter().find(|(name, _)| *name == "val_loss"))?;
    Some(format!("{name} {}", metric(value)))
}

fn part(step: u64, steps: u64) -> f64 {
    if steps == 0 { 1.0 } else { step as f64 / steps as f64 }
}

impl Observer for Renderer {
    fn notice(&mut self, event: &Event) {
        match event {
            Event::Started { epochs, steps_per_epoch, step, .. } => {
                self.epochs = *epochs;
                self.start_bar(*step, epochs.saturating_mul(*steps_per_epoch));
            }
            Event::Step { epoch, step, loss, samples, .. } => return self.step(*epoch, *step, (*loss, *samples)),
            Event::Epoch { samples_per_s, metrics, .. } => {
                self.pace.set_rate(*samples_per_s);
                self.figure = telling(metrics);
            }
            _ => {}
        }
        let text = match self.format {
            LogFormatArg::Json => serde_json::to_string(event).ok(),
            LogFormatArg::Text => line(event, self.epochs, self.console.style(), Console::width()),
        };
        if let Some(text) = text {
            self.console.line(&text);
        }
    }
}

/// The line of an event; most checkpoints are not worth one.
fn line(event: &Event, epochs: u64, style: Style, width: Option<usize>) -> Option<String> {
    let label = |text: &str| style.dim(format!("{text:<7}"));
    Some(match event {
        Event::DataLoaded { description } => format!("  {} {description}", label("data")),
        Event::ModelBuilt { description, parameters } => {
            format!("  {} {description}, {}", label("model"), plural(*parameters, "parameter"))
        }
        Event::Started { resumed: true, epoch, step, .. } => format!(
            "  {} with {} and {} done",
            style.warn(format!("{:<7}", "resumed")),
            plural(*epoch, "epoch"),
            plural(*step, "step")
        ),
        Event::Forked { parent, step, changes } => {
            let changes = if changes.is_empty() { String::new() } else { format!(": {}", changes.join("; ")) };
            format!("  {} from {parent} after step {step}{changes}", label("forked"))
        }
        Event::Epoch { epoch, metrics, samples_per_s, is_best, .. } => {
            epoch_line((*epoch, epochs), metrics, (*samples_per_s, *is_best), style, width)
        }
        Event::EarlyStopped { epoch, waited } => {
            format!("  {} early after epoch {epoch}: no progress for {}", label("stopped"), plural(*waited, "epoch"))
        }
        _ => return None,
    })
}

fn epoch_line(
    (epoch, epochs): (u64, u64),
    metrics: &Metrics,
    (speed, is_best): (f64, bool),
    style: Style,
    width: Option<usize>,
) -> String {
    let counted = format!("{epoch:>0$}/{epochs}", epochs.to_string().len());
    let mut text = format!("  {} {}", style.dim("epoch  "), style.bold(&counted));
    let mut used = "  epoch   ".len() + counted.len();
    // The other figures of training stand in `metrics.jsonl`; a line has to fit a terminal.
    for (name, value) in metrics.iter().filter(|(name, _)| *name == "train_loss" || name.starts_with("val_")) {
        let value = metric(value);
        used += name.len() + value.len() + 3;
        let _ = write!(text, "  {} {value}", style.dim(name));
    }
    let best = if is_best { "  best" } else { "" };
    let lr = metrics.get("lr").map(|lr| format!("  {} {}", style.dim("lr"), rate(lr)));
    let lr_width = metrics.get("lr").map_or(0, |lr| "  lr ".len() + rate(lr).len());
    let speed = format!("  {} samples/s", rounded(speed));
    let fits = |more: usize| width.is_none_or(|width| used + best.len() + more <= width);
    if fits(lr_width) {
        text.extend(lr);
    }
    if fits(lr_width + speed.len()) {
        text.push_str(&style.dim(speed));
    }
    if is_best {
        text.push_str(&style.good(best));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(event: &Event) -> String {
        line(event, 15, Style::plain(), None).unwrap_or_default()
    }

    #[test]
    fn a_bar_keeps_what_matters_where_it_is_narrow() {
        let parts = ["epoch 3/15", "loss 0.1234", "val_accuracy 0.9700", "17,696 samples/s", "1 min 05 s left"];
        let parts = parts.map(|part| Some(part.to_owned()));
        insta::assert_snapshot!(fitting(parts.clone(), 80), @"epoch 3/15  loss 0.1234  val_accuracy 0.9700  17,696 samples/s  1 min 05 s left");
        insta::assert_snapshot!(fitting(parts.clone(), 62), @"epoch 3/15  loss 0.1234  val_accuracy 0.9700  1 min 05 s left");
        insta::assert_snapshot!(fitting(parts, 20), @"epoch 3/15  1 min 05 s left");
        let metrics = |list: &[(&'static str, f64)]| list.iter().copied().collect::<Metrics>();
        assert_eq!(telling(&metrics(&[("val_loss", 1.0), ("val_mae", 2.0)])).as_deref(), Some("val_mae 2.0000"));
        assert_eq!(telling(&metrics(&[("train_loss", 3.0), ("val_loss", 1.0)])).as_deref(), Some("val_loss 1.0000"));
        assert_eq!(telling(&metrics(&[("train_loss", 3.0)])), None);
    }

    #[test]
    fn lines_for_people() {
        let metrics = [("train_loss", 0.51234), ("val_loss", 0.4), ("val_accuracy", 0.97), ("lr", 0.001)];
        let epoch = Event::Epoch {
            epoch: 3,
            step: 171,
            metrics: metrics.into_iter().collect(),
            seconds: 0.4,
            samples_per_s: 12_345.6,
            is_best: true,
        };
        insta::assert_snapshot!(shown(&epoch), @"  epoch    3/15  train_loss 0.5123  val_loss 0.4000  val_accuracy 0.9700  lr 0.001  12,345 samples/s  best");
        let narrow = |width| line(&epoch, 15, Style::plain(), Some(width)).unwrap_or_default();
        insta::assert_snapshot!(narrow(80), @"  epoch    3/15  train_loss 0.5123  val_loss 0.4000  val_accuracy 0.9700  best");
        let started = Event::Started { epoch: 1, step: 60, epochs: 15, steps_per_epoch: 57, resumed: true };
        insta::assert_snapshot!(shown(&started), @"  resumed with 1 epoch and 60 steps done");
        let model = Event::ModelBuilt { description: "CNN".to_owned(), parameters: 421_642 };
        insta::assert_snapshot!(shown(&model), @"  model   CNN, 421,642 parameters");
        assert_eq!(shown(&Event::Saved { step: 1, file: String::new(), bytes: 0 }), "");
    }
}
