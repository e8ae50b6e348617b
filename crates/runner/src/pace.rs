//! How fast a run goes, and how long it will go on.

use std::time::{Duration, Instant};

/// The speed of a run since it was started or resumed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// Step at which this start began.
    first: u64,
    since: Instant,
    /// Samples per second of the latest epoch; zero before there is one.
    rate: f64,
}

impl Pace {
    /// A run that begins now, at this step.
    pub(crate) fn begin(step: u64) -> Self {
        Self { first: step, since: Instant::now(), rate: 0.0 }
    }

    /// An epoch has told its speed.
    pub(crate) fn set_rate(&mut self, samples_per_s: f64) {
        self.rate = samples_per_s;
    }

    /// Samples per second: of the latest epoch, or so far.
    pub(crate) fn speed(&self, step: u64, samples_per_step: u64) -> f64 {
        let so_far = || self.done(step) as f64 * samples_per_step as f64 / self.since.elapsed().as_secs_f64().max(1e-3);
        if self.rate > 0.0 { self.rate } else { so_far() }
    }

    /// What is left of `steps`, as if every step took as long as those before it.
    pub(crate) fn left(&self, step: u64, steps: u64) -> Option<Duration> {
        time_left(self.done(step), steps.saturating_sub(self.first), self.since.elapsed())
    }

    fn done(&self, step: u64) -> u64 {
        step.saturating_sub(self.first)
    }
}

/// What is left, from what was done in `elapsed`.
fn time_left(done: u64, total: u64, elapsed: Duration) -> Option<Duration> {
    let left = total.checked_sub(done)?;
    if done == 0 || elapsed < Duration::from_millis(500) {
        return None;
    }
    Duration::try_from_secs_f64(elapsed.as_secs_f64() / done as f64 * left as f64).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_says_what_is_left() {
        let ten_seconds = Duration::from_secs(10);
        assert_eq!(time_left(5, 20, ten_seconds), Some(Duration::from_secs(30)));
        assert_eq!(time_left(0, 20, ten_seconds), None);
        assert_eq!(time_left(5, 20, Duration::from_millis(100)), None, "too early to say");
        assert_eq!(time_left(21, 20, ten_seconds), None);
    }

    #[test]
    fn steps_of_an_earlier_start_do_not_count() {
        let ten_seconds_ago = Instant::now().checked_sub(Duration::from_secs(10)).unwrap();
        let mut pace = Pace { since: ten_seconds_ago, ..Pace::begin(100) };
        assert_eq!(pace.left(100, 200), None);
        let left = pace.left(150, 200).unwrap().as_secs_f64();
        assert!((10.0..11.0).contains(&left), "{left}");
        let speed = pace.speed(150, 32);
        assert!((140.0..=160.0).contains(&speed), "{speed}");
        pace.set_rate(7.0);
        assert!((pace.speed(150, 32) - 7.0).abs() < 1e-12);
    }
}
