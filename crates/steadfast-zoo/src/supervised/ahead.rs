//! Values of a function of a counter, computed ahead on other threads and handed out in order.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};

/// How many values each thread keeps ready, beside the one that it is working on.
const READY: usize = 1;

/// Threads that are ahead of whoever takes their values.
///
/// With n threads, each one computes every n-th value, so the order needs no sorting. Dropping it ends the threads and
/// waits for what they are working on.
pub(super) struct Ahead<T> {
    workers: Vec<Worker<T>>,
    next: u64,
}

struct Worker<T> {
    results: Option<Receiver<T>>,
    thread: Option<JoinHandle<()>>,
}

impl<T: Send + 'static> Ahead<T> {
    /// Starts to compute the values of the counters from `from` to before `until`. None if no thread can be started.
    pub(super) fn start<F>(from: u64, until: u64, threads: usize, make: impl Fn() -> F) -> Option<Self>
    where
        F: FnMut(u64) -> T + Send + 'static,
    {
        let mut ahead = Self { workers: Vec::with_capacity(threads), next: from };
        for offset in 0..threads {
            let (sender, results) = sync_channel(READY);
            let mine = (from + offset as u64..until).step_by(threads);
            let mut compute = make();
            let work = move || run(mine, &mut compute, &sender);
            let thread = Builder::new().name(format!("data-{offset}")).spawn(work).ok()?;
            ahead.workers.push(Worker { results: Some(results), thread: Some(thread) });
        }
        Some(ahead)
    }

    /// The counter of the value that comes next.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// The next value, as soon as it is there. None after the last one, or if its thread has died.
    pub(super) fn take(&mut self) -> Option<T> {
        // The first worker in line is the one whose turn it is.
        let value = self.workers.first()?.results.as_ref()?.recv().ok()?;
        self.workers.rotate_left(1);
        self.next += 1;
        Some(value)
    }
}

fn run<T>(counters: impl Iterator<Item = u64>, compute: &mut impl FnMut(u64) -> T, sender: &SyncSender<T>) {
    for counter in counters {
        // Nobody is left to take it.
        if sender.send(compute(counter)).is_err() {
            return;
        }
    }
}

impl<T> Drop for Ahead<T> {
    fn drop(&mut self) {
        // A thread that waits for room sees that nobody takes anything any more.
        for worker in &mut self.workers {
            worker.results = None;
        }
        for worker in &mut self.workers {
            if let Some(thread) = worker.thread.take() {
                // A thread that panicked has been noticed by `take`.
                let _ = thread.join();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn values_come_in_order_from_any_place_with_any_number_of_threads() {
        for threads in 1..5 {
            for from in [0, 3, 17] {
                let mut ahead = Ahead::start(from, 20, threads, || |counter| counter * counter).unwrap();
                for counter in from..20 {
                    assert_eq!(ahead.next(), counter);
                    assert_eq!(ahead.take(), Some(counter * counter));
                }
                assert_eq!(ahead.take(), None);
            }
        }
    }

    #[test]
    fn whoever_stops_early_leaves_no_thread_behind() {
        let alive = Arc::new(());
        let make = || {
            let alive = Arc::clone(&alive);
            move |counter: u64| (Arc::clone(&alive), counter)
        };
        let mut ahead = Ahead::start(0, u64::MAX, 3, make).unwrap();
        assert_eq!(ahead.take().unwrap().1, 0);
        drop(ahead);
        assert_eq!(Arc::strong_count(&alive), 1);
    }
}
