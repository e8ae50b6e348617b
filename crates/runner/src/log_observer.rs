//! Events as log lines: what stands in `log.txt`.

use steadfast_experiment::{Event, Metrics, Observer};
use tracing::{debug, info, warn};

/// Where the lines come from, as the log shows it.
const TARGET: &str = "run";

/// Logs every event before it is passed on.
pub(crate) struct LogObserver<'a> {
    next: &'a mut dyn Observer,
}

impl<'a> LogObserver<'a> {
    pub(crate) fn new(next: &'a mut dyn Observer) -> Self {
        Self { next }
    }
}

impl Observer for LogObserver<'_> {
    fn notice(&mut self, event: &Event) {
        log(event);
        self.next.notice(event);
    }
}

fn log(event: &Event) {
    match event {
        Event::DataLoaded { description } => info!(target: TARGET, "data loaded: {description}"),
        Event::ModelBuilt { description, parameters } => {
            info!(target: TARGET, parameters, "model built: {description}");
        }
        Event::Started { epoch, step, epochs, steps_per_epoch, resumed } => {
            let verb = if *resumed { "resumed" } else { "started" };
            info!(target: TARGET, epoch, step, epochs, steps_per_epoch, "{verb}");
        }
        Event::Step { epoch, batch, step, loss, .. } => debug!(target: TARGET, epoch, batch, step, loss, "step"),
        Event::Epoch { epoch, step, metrics, seconds, is_best, .. } => {
            let best = if *is_best { ", the best so far" } else { "" };
            info!(target: TARGET, step, seconds, "epoch {epoch} done: {}{best}", figures(metrics));
        }
        Event::Saving { step } => debug!(target: TARGET, step, "saving"),
        Event::NotIdentical { reason } => {
            warn!(target: TARGET, "{reason}: the result need not be that of an uninterrupted run to the last byte");
        }
        Event::Forked { parent, step, changes } => {
            info!(target: TARGET, step, "forked from {parent}: {}", changes.join("; "));
        }
        Event::Saved { step, file, bytes } => info!(target: TARGET, step, bytes, "saved {file}"),
        Event::EarlyStopped { epoch, waited } => info!(target: TARGET, epoch, waited, "stopped early: no progress"),
        other => info!(target: TARGET, "{other:?}"),
    }
}

fn figures(metrics: &Metrics) -> String {
    let figures: Vec<String> = metrics.iter().map(|(name, value)| format!("{name} {value}")).collect();
    figures.join(", ")
}
