//! Counts the steps of one start: to stop after so many, or to be struck down at a chosen one.

use std::cell::Cell;

use rustix::process::{Signal, getpid, kill_process};
use serde::{Deserialize, Serialize};
use steadfast_experiment::{Event, Observer, StopSignal};

/// A signal that the process sends itself, so that it arrives at an exact place. The kernel delivers it as any other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Strike {
    /// Steps of the whole run that are done when it comes.
    pub(crate) after_step: u64,
    /// Whether it is SIGKILL; else SIGTERM, which lets the run save.
    pub(crate) kill: bool,
}

/// Counts the steps of one start.
pub(crate) struct StepWatch<'a> {
    stop: &'a dyn StopSignal,
    max_steps: Option<u64>,
    strike: Option<Strike>,
    done: Cell<u64>,
}

/// Passes events on, and counts those that are steps.
pub(crate) struct Counting<'a> {
    watch: &'a StepWatch<'a>,
    next: &'a mut dyn Observer,
}

impl<'a> StepWatch<'a> {
    pub(crate) fn new(stop: &'a dyn StopSignal, max_steps: Option<u64>, strike: Option<Strike>) -> Self {
        Self { stop, max_steps, strike, done: Cell::new(0) }
    }

    /// An observer that counts.
    pub(crate) fn counting(&'a self, next: &'a mut dyn Observer) -> Counting<'a> {
        Counting { watch: self, next }
    }
}

impl StopSignal for StepWatch<'_> {
    fn requested(&self) -> bool {
        self.stop.requested() || self.max_steps.is_some_and(|most| self.done.get() >= most)
    }
}

impl Observer for Counting<'_> {
    fn notice(&mut self, event: &Event) {
        self.next.notice(event);
        if let Event::Step { step, .. } = event {
            self.watch.done.set(self.watch.done.get() + 1);
            if let Some(strike) = self.watch.strike.filter(|strike| strike.after_step == *step) {
                let _ = kill_process(getpid(), if strike.kill { Signal::KILL } else { Signal::TERM });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_counts_the_steps_of_this_start() {
        let watch = StepWatch::new(&(), Some(2), None);
        let mut events = Vec::new();
        for step in 11..=12 {
            assert!(!watch.requested());
            watch.counting(&mut events).notice(&Event::Step { epoch: 0, batch: 1, step, loss: 0.0, samples: 1 });
        }
        assert!(watch.requested());
        assert_eq!(events.len(), 2, "every event is passed on");
    }
}
