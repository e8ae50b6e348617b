//! The bar below the others: how far the batch is, and how long it will go on.

use std::time::{Duration, Instant};

use indicatif::ProgressBar;

use crate::number::duration;

/// Parts of the bar for each experiment, so that it moves while one runs.
const PARTS: u32 = 1000;

/// How far a batch is.
#[derive(Debug)]
pub(crate) struct BatchBar {
    bar: ProgressBar,
    total: usize,
    /// Experiments that are over, and those of them that took no time because they were complete already.
    over: usize,
    skipped: usize,
    /// How much of the current one is done, between 0 and 1, and how much of it was done before this start.
    current: f64,
    resumed_at: f64,
    started: Instant,
}

impl BatchBar {
    /// The bar has to be as long as [`BatchBar::length`] says.
    pub(crate) fn new(bar: ProgressBar, total: usize) -> Self {
        let made = Self { bar, total, over: 0, skipped: 0, current: 0.0, resumed_at: 0.0, started: Instant::now() };
        made.show();
        made
    }

    pub(crate) fn length(total: usize) -> u64 {
        total as u64 * u64::from(PARTS)
    }

    pub(crate) fn bar(&self) -> &ProgressBar {
        &self.bar
    }

    /// The current experiment goes on from here.
    pub(crate) fn begins_at(&mut self, part: f64) {
        (self.current, self.resumed_at) = (part, part);
        self.show();
    }

    /// So much of the current experiment is done, between 0 and 1.
    pub(crate) fn is_at(&mut self, part: f64) {
        self.current = part;
        self.show();
    }

    /// The current experiment is over, however it ended.
    pub(crate) fn next(&mut self, was_skipped: bool) {
        self.over += 1;
        self.skipped += usize::from(was_skipped);
        (self.current, self.resumed_at) = (0.0, 0.0);
        self.show();
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and the length of the bar")]
    fn show(&self) {
        self.bar.set_position(((self.over as f64 + self.current.clamp(0.0, 1.0)) * f64::from(PARTS)) as u64);
        self.bar.set_message(text(self.over, self.total, self.left(self.started.elapsed())));
    }

    /// As if every experiment took as long as those before it.
    fn left(&self, elapsed: Duration) -> Option<Duration> {
        let worked = (self.over - self.skipped) as f64 + self.current - self.resumed_at;
        let rest = (self.total - self.over) as f64 - self.current;
        if worked < 0.01 || elapsed < Duration::from_secs(1) {
            return None;
        }
        Duration::try_from_secs_f64(elapsed.as_secs_f64() / worked * rest).ok()
    }
}

impl Drop for BatchBar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn text(over: usize, total: usize, left: Option<Duration>) -> String {
    let left = left.map_or_else(String::new, |left| format!("  {} left", duration(left)));
    format!("batch {over}/{total}{left}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_complete_already_says_nothing_about_the_rest() {
        let mut batch = BatchBar::new(ProgressBar::hidden(), 10);
        let ten_seconds = Duration::from_secs(10);
        assert_eq!(batch.left(ten_seconds), None);
        batch.next(true);
        batch.next(true);
        assert_eq!(batch.left(ten_seconds), None, "nothing was worked on");
        batch.next(false);
        batch.is_at(0.5);
        assert_eq!(batch.left(Duration::from_secs(15)), Some(Duration::from_secs(65)));
        assert_eq!(batch.bar.message(), "batch 3/10");
        batch.begins_at(0.5);
        assert_eq!(batch.left(ten_seconds), Some(Duration::from_secs(65)));
        assert_eq!(batch.bar.position(), 3500);
    }

    #[test]
    fn the_text_of_the_bar() {
        assert_eq!(text(2, 7, Some(Duration::from_secs(65))), "batch 2/7  1 min 05 s left");
    }
}
