//! Where the next kill goes: kinds in turn, places spread over the run and shaken by a seed.

use std::time::Duration;

use crate::step_watch::Strike;

/// The kinds of kills, as they are counted.
pub(super) const KINDS: [&str; 4] =
    ["SIGKILL after a step", "SIGTERM after a step", "SIGKILL inside a save", "SIGKILL at any moment"];

/// A kill, and which of [`KINDS`] it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kill {
    pub(super) kind: usize,
    pub(super) strike: Strike,
}

/// Kills to come. Equal seeds give equal kills.
#[derive(Debug)]
pub(super) struct Schedule {
    state: u64,
    kills: u64,
    /// Steps of the whole run, and how long it took.
    steps: u64,
    time: Duration,
}

impl Schedule {
    pub(super) fn new(seed: u64, kills: u32, steps: u64, time: Duration) -> Self {
        Self { state: seed, kills: kills.into(), steps: steps.max(1), time }
    }

    /// The kill number `index` of all, for a run that has saved `safe` steps.
    pub(super) fn kill(&mut self, index: u64, safe: u64) -> Kill {
        // By its share of all kills, so that the last ones find the run near its end.
        let share = self.steps / (self.kills + 1);
        let aimed = (index % self.kills + 1) * self.steps / (self.kills + 1) + self.below(share.max(1));
        let step = aimed.max(safe + 1).min(self.steps);
        let kind = usize::try_from(index % KINDS.len() as u64).unwrap_or_default();
        let strike = match kind {
            0 => Strike::KillAfterStep(step),
            1 => Strike::TermAfterStep(step),
            // A save takes from a fraction of a millisecond to seconds; most of it is waiting for the disk.
            2 => Strike::KillInSave(self.below(2000)),
            _ => {
                let micros = u64::try_from(self.time.as_micros()).unwrap_or(u64::MAX);
                Strike::KillAfterMicros(self.below((micros / 2).max(1)))
            }
        };
        Kill { kind, strike }
    }

    /// The next number of the splitmix64 sequence, brought below `limit`.
    fn below(&mut self, limit: u64) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps_of(kills: u32, steps: u64) -> Vec<u64> {
        let mut schedule = Schedule::new(1, kills, steps, Duration::from_secs(1));
        let at = |kill: Kill| match kill.strike {
            Strike::KillAfterStep(step) | Strike::TermAfterStep(step) => Some(step),
            _ => None,
        };
        (0..u64::from(kills)).filter_map(|index| at(schedule.kill(index, 0))).collect()
    }

    #[test]
    fn kills_are_spread_over_the_whole_run() {
        let steps = steps_of(40, 1000);
        assert_eq!(steps.len(), 20);
        assert!(steps.is_sorted(), "{steps:?}");
        assert!(steps[0] < 100 && steps[19] > 850, "{steps:?}");
        assert_eq!(steps, steps_of(40, 1000), "equal seeds give equal kills");
    }

    #[test]
    fn a_kill_never_aims_behind_what_is_done_or_beyond_the_end() {
        let mut schedule = Schedule::new(7, 4, 3, Duration::ZERO);
        for index in 0..100 {
            for safe in 0..3 {
                match schedule.kill(index, safe).strike {
                    Strike::KillAfterStep(step) | Strike::TermAfterStep(step) => assert!(step > safe && step <= 3),
                    Strike::KillInSave(_) | Strike::KillAfterMicros(_) => {}
                }
            }
        }
    }
}
