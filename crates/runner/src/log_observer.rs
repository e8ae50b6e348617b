//! Events as log lines: what stands in `log.txt`.

use steadfast_experiment::{Event, Metrics, Observer};
use tracing::{debug, info};

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
        Event::DataLoaded { description } => info!("data loaded: {description}"),
        Event::ModelBuilt { description, parameters } => {
            info!(parameters, "model built: {description}");
        }
        Event::Started { epoch, step, epochs, steps_per_epoch, resumed } => {
            let verb = if *resumed { "resumed" } else { "started" };
            info!(epoch, step, epochs, steps_per_epoch, "{verb}");
        }
        Event::Step { epoch, batch, step, loss, .. } => debug!(epoch, batch, step, loss, "step"),
        Event::Epoch { epoch, step, metrics, seconds, is_best, .. } => {
            let best = if *is_best { ", the best so far" } else { "" };
            info!(step, seconds, "epoch {epoch} done: {}{best}", figures(metrics));
        }
        Event::Saved { step, file, bytes } => info!(step, bytes, "saved {file}"),
        Event::EarlyStopped { epoch, waited } => info!(epoch, waited, "stopped early: no progress"),
        other => info!("{other:?}"),
    }
}

fn figures(metrics: &Metrics) -> String {
    let figures: Vec<String> = metrics.iter().map(|(name, value)| format!("{name} {value}")).collect();
    figures.join(", ")
}
