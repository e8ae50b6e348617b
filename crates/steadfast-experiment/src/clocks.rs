//! The stopwatch behind `timing.json`.

use std::time::{Duration, Instant};

use crate::timing::{EpochTiming, Timing};

/// Between two writes of `timing.json` while training goes on. Clocks are not worth a disk flush every epoch.
const WRITE_EVERY: Duration = Duration::from_secs(10);

/// All clocks of one start of a run.
#[derive(Debug)]
pub(crate) struct Clocks {
    timing: Timing,
    started: Instant,
    before_start_s: f64,
    last_save: Instant,
    last_write: Instant,
    epoch: EpochTiming,
    epoch_samples: u64,
}

impl Clocks {
    pub(crate) fn start() -> Self {
        let now = Instant::now();
        Self {
            timing: Timing::default(),
            started: now,
            before_start_s: 0.0,
            last_save: now,
            last_write: now,
            epoch: EpochTiming::default(),
            epoch_samples: 0,
        }
    }

    /// Goes on from the file of earlier starts.
    pub(crate) fn resume(&mut self, file: Option<&[u8]>, epochs: u64) {
        self.timing = Timing::resume(file, epochs);
        self.before_start_s = self.timing.total_s;
    }

    /// Everything before the first step is done.
    pub(crate) fn prepared(&mut self) {
        self.timing.prepare_s = self.started.elapsed().as_secs_f64();
        self.last_save = Instant::now();
    }

    pub(crate) fn trained(&mut self, since: Instant, samples: u64) {
        self.epoch.train_s += since.elapsed().as_secs_f64();
        self.epoch_samples += samples;
    }

    pub(crate) fn validated(&mut self, since: Instant) {
        self.epoch.validate_s += since.elapsed().as_secs_f64();
    }

    pub(crate) fn saved(&mut self, since: Instant) {
        self.last_save = Instant::now();
        self.epoch.checkpoint_s += since.elapsed().as_secs_f64();
    }

    pub(crate) fn since_save(&self) -> Duration {
        self.last_save.elapsed()
    }

    /// Closes the epoch and hands out its clocks.
    pub(crate) fn epoch_done(&mut self, epoch: u64) -> EpochTiming {
        let mut done = std::mem::take(&mut self.epoch);
        done.epoch = epoch;
        if done.train_s > 0.0 {
            done.samples_per_s = self.epoch_samples as f64 / done.train_s;
        }
        self.epoch_samples = 0;
        self.timing.epochs.push(done.clone());
        done
    }

    pub(crate) fn write_is_due(&self) -> bool {
        self.last_write.elapsed() >= WRITE_EVERY
    }

    /// The bytes of `timing.json` as of now.
    pub(crate) fn file(&mut self, peak_memory_bytes: Option<u64>) -> Result<Vec<u8>, serde_json::Error> {
        self.last_write = Instant::now();
        self.timing.total_s = self.before_start_s + self.started.elapsed().as_secs_f64();
        self.timing.peak_memory_bytes = self.timing.peak_memory_bytes.max(peak_memory_bytes);
        let mut bytes = serde_json::to_vec_pretty(&self.timing)?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_start_adds_to_the_first() {
        let mut first = Clocks::start();
        first.resume(None, 0);
        first.epoch_done(1);
        first.epoch_done(2);
        let file = first.file(Some(7)).unwrap();

        let mut second = Clocks::start();
        second.resume(Some(&file), 1); // epoch 2 was lost in a crash
        second.epoch_done(2);
        let timing: Timing = serde_json::from_slice(&second.file(Some(5)).unwrap()).unwrap();
        assert_eq!(timing.starts, 2);
        assert_eq!(timing.peak_memory_bytes, Some(7));
        assert_eq!(timing.epochs.iter().map(|entry| entry.epoch).collect::<Vec<_>>(), [1, 2]);
    }

    #[test]
    fn a_damaged_file_counts_as_none() {
        let mut clocks = Clocks::start();
        clocks.resume(Some(b"{ not json"), 3);
        assert!(clocks.file(None).is_ok());
    }
}
