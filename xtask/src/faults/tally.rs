//! What a check came to, and the table of all of them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use comfy_table::Cell;

use crate::report;

/// Failures that are shown in full.
const SHOWN: usize = 10;

/// The counts of one check.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Cases tried.
    pub(super) tried: u64,
    /// How the good ones ended.
    pub(super) ended: BTreeMap<String, u64>,
    /// What went wrong, with what repeats it.
    pub(super) failures: Vec<String>,
}

impl Tally {
    /// Takes in one case.
    pub(super) fn add(&mut self, case: Result<String, String>) {
        self.tried += 1;
        match case {
            Ok(label) => *self.ended.entry(label).or_default() += 1,
            Err(failure) => self.failures.push(failure),
        }
    }

    /// Takes in many cases that ended alike.
    pub(super) fn add_many(&mut self, count: u64, label: &str) {
        self.tried += count;
        *self.ended.entry(label.to_owned()).or_default() += count;
    }

    /// Takes in another tally.
    pub(super) fn merge(&mut self, other: Self) {
        self.tried += other.tried;
        for (label, count) in other.ended {
            *self.ended.entry(label).or_default() += count;
        }
        self.failures.extend(other.failures);
    }

    fn endings(&self) -> String {
        self.ended.iter().map(|(label, count)| format!("{count} {label}")).collect::<Vec<_>>().join(", ")
    }
}

/// One line of the table.
pub(super) struct Record {
    pub(super) check: String,
    pub(super) tally: Tally,
    pub(super) took: Duration,
}

/// The table, and below it every failure.
pub(super) fn render(records: &[Record]) -> String {
    let mut table = report::table(["check", "tried", "failures", "seconds", "how the others ended"]);
    for Record { check, tally, took } in records {
        table.add_row([
            Cell::new(check),
            report::number(tally.tried),
            report::number(tally.failures.len()),
            report::number(format!("{:.1}", took.as_secs_f64())),
            Cell::new(tally.endings()),
        ]);
    }
    let mut text = table.trim_fmt();
    for Record { check, tally, .. } in records {
        for failure in tally.failures.iter().take(SHOWN) {
            let _ = write!(text, "\n\n{check}: {failure}");
        }
        if let Some(more) = tally.failures.len().checked_sub(SHOWN).filter(|more| *more > 0) {
            let _ = write!(text, "\n\n{check}: and {more} more");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_shows_every_count_and_every_failure() {
        let mut tally = Tally::default();
        tally.add(Ok("resumed".to_owned()));
        tally.add(Ok("resumed".to_owned()));
        tally.add(Err("call 3: metrics.jsonl differs".to_owned()));
        tally.add_many(2, "from the start");
        let records = [Record { check: "kills".to_owned(), tally, took: Duration::from_millis(1500) }];
        let expected = "\
check  tried  failures  seconds  how the others ended
--------------------------------------------------------------
kills      5         1      1.5  2 from the start, 2 resumed

kills: call 3: metrics.jsonl differs";
        assert_eq!(render(&records), expected);
    }
}
