//! The order of the samples: which ones a step sees, as a pure function of seed, epoch and batch.

use std::ops::Range;

use steadfast_ops::{Purpose, Seed};

/// Cuts every epoch's order into batches.
#[derive(Clone, Debug)]
pub(super) struct Batches {
    /// What shuffles them; none keeps the order of the data.
    seed: Option<Seed>,
    samples: usize,
    batch_size: usize,
    /// The order of the epoch in hand; made anew when another one is asked for.
    order: Option<(u64, Vec<usize>)>,
}

impl Batches {
    pub(super) fn new(seed: Seed, samples: usize, batch_size: usize) -> Self {
        Self { seed: Some(seed), samples, batch_size, order: None }
    }

    /// Batches in the order of the data.
    pub(super) fn in_order(samples: usize, batch_size: usize) -> Self {
        Self { seed: None, samples, batch_size, order: None }
    }

    /// Batches in an epoch; the last one may be smaller.
    pub(super) fn per_epoch(&self) -> u64 {
        self.samples.div_ceil(self.batch_size) as u64
    }

    /// The samples of one batch.
    pub(super) fn batch(&mut self, epoch: u64, batch: u64) -> &[usize] {
        if self.order.as_ref().is_none_or(|(known, _)| *known != epoch) {
            let order = match self.seed {
                Some(seed) => seed.stream(Purpose::Shuffle, &[epoch]).permutation(self.samples),
                None => (0..self.samples).collect(),
            };
            self.order = Some((epoch, order));
        }
        let range = self.range(batch);
        self.order.as_ref().map_or(&[], |(_, order)| &order[range])
    }

    fn range(&self, batch: u64) -> Range<usize> {
        let start = usize::try_from(batch).unwrap_or(usize::MAX).saturating_mul(self.batch_size).min(self.samples);
        start..(start + self.batch_size).min(self.samples)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_sees_every_sample_once() {
        let mut batches = Batches::new(Seed::new(3), 10, 4);
        assert_eq!(batches.per_epoch(), 3);
        let mut seen: Vec<usize> = (0..3).flat_map(|batch| batches.batch(0, batch).to_vec()).collect();
        seen.sort_unstable();
        assert_eq!(seen, (0..10).collect::<Vec<_>>());
        assert!(batches.batch(0, 3).is_empty());
    }

    #[test]
    fn any_batch_is_reached_without_the_ones_before() {
        let mut straight = Batches::new(Seed::new(3), 100, 7);
        for epoch in 0..3 {
            for batch in 0..straight.per_epoch() {
                let expected = straight.batch(epoch, batch).to_vec();
                assert_eq!(Batches::new(Seed::new(3), 100, 7).batch(epoch, batch), expected);
            }
        }
        assert_ne!(straight.batch(0, 0).to_vec(), straight.batch(1, 0).to_vec());
    }
}
