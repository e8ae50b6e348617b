//! One event file, brought in step with a run.

use crate::run::TrackedRun;
use crate::{event, record};

/// What an event file is called. TensorBoard looks for `tfevents`; one name, so that there is one file.
pub const EVENT_FILE: &str = "events.out.tfevents.steadfast";

/// What has to happen to a file so that it tells of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Update {
    /// Nothing.
    Keep,
    /// Cut off everything from `at` on, and write this there.
    Append {
        /// Length of what is right already.
        at: u64,
        /// What is new; empty if there is only something to cut off.
        bytes: Vec<u8>,
    },
    /// Write it anew: it tells of something else.
    Replace(Vec<u8>),
}

/// Compares a file with what it should hold.
///
/// Events are compared by everything but their time. A file that holds the first ones of them is continued, so that a
/// TensorBoard that has it open goes on reading; any other is replaced.
pub fn event_file(run: &TrackedRun, file: Option<&[u8]>) -> Update {
    let wanted = event::all(run);
    let Some(file) = file else { return Update::Replace(framed(&wanted)) };
    let found = record::read(file);
    let is_beginning = !found.is_empty()
        && found.len() <= wanted.len()
        && found.iter().zip(&wanted).all(|((found, _), wanted)| event::say_the_same(found, wanted));
    let end = found.last().map_or(0, |(_, end)| *end);
    match (is_beginning, found.len() == wanted.len() && end == file.len()) {
        (true, true) => Update::Keep,
        (true, false) => Update::Append { at: end as u64, bytes: framed(&wanted[found.len()..]) },
        (false, _) => Update::Replace(framed(&wanted)),
    }
}

fn framed(events: &[Vec<u8>]) -> Vec<u8> {
    events.iter().fold(Vec::new(), |mut file, event| {
        record::push(&mut file, event);
        file
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::run::RunState;

    /// A run after so many epochs, written down at some time.
    fn run(epochs: u64, state: RunState, time: f64) -> TrackedRun {
        let row = |epoch: u64| {
            let row = json!({"epoch": epoch, "step": 7 * epoch, "val_loss": 1.0 / epoch as f64, "lr": 0.1});
            row.as_object().cloned().unwrap_or_default()
        };
        let config = json!({"name": "a", "seed": 3, "hyperparams": {"lr": 0.1, "optimizer": {"kind": "adam"}}});
        let rows: Vec<_> = (1..=epochs).map(row).collect();
        let times = rows.iter().map(|_| time).collect();
        let result = json!({"evaluation": {"confusion_matrix": {"counts": [[3, 1], [0, 4]]}}, "best": {"step": 7}});
        TrackedRun { name: "a".to_owned(), state, config, result, rows, times, started: time, ..TrackedRun::default() }
    }

    fn apply(file: Option<Vec<u8>>, update: Update) -> Vec<u8> {
        let mut file = file.unwrap_or_default();
        match update {
            Update::Keep => {}
            Update::Append { at, bytes } => {
                file.truncate(usize::try_from(at).unwrap());
                file.extend(bytes);
            }
            Update::Replace(bytes) => file = bytes,
        }
        file
    }

    fn events_of(file: &[u8]) -> Vec<Vec<u8>> {
        record::read(file).into_iter().map(|(record, _)| [&record[..1], &record[9..]].concat()).collect()
    }

    proptest! {
        /// Epoch by epoch, every write cut off anywhere and made again: the events are those of a file written at once.
        #[test]
        fn kills_neither_lose_nor_double_a_row(cuts in prop::collection::vec((1_u64..6, 0.0_f64..1.0), 1..12)) {
            let mut file = None;
            for (index, (epochs, part)) in cuts.iter().enumerate() {
                let before = file.clone();
                let written = apply(before.clone(), event_file(&run(*epochs, RunState::Running, index as f64), before.as_deref()));
                // What was there stays, or the new file is whole: replacing is atomic, appending is not.
                let kept = before.map_or(written.len(), |before| before.len().min(written.len()));
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of a small length")]
                let cut = kept + ((written.len() - kept) as f64 * part) as usize;
                file = Some(written[..cut].to_vec());
            }
            let done = run(6, RunState::Completed, 99.0);
            let whole = apply(file.clone(), event_file(&done, file.as_deref()));
            let at_once = apply(None, event_file(&done, None));
            prop_assert_eq!(events_of(&whole), events_of(&at_once));
            prop_assert_eq!(event_file(&done, Some(&whole)), Update::Keep);
        }
    }

    #[test]
    fn rows_that_were_taken_back_go() {
        let three = apply(None, event_file(&run(3, RunState::Running, 1.0), None));
        let two = run(2, RunState::Running, 2.0);
        assert!(matches!(event_file(&two, Some(&three)), Update::Replace(_)));
        let mut other = run(3, RunState::Running, 2.0);
        other.rows[1].insert("val_loss".to_owned(), json!(7.0));
        assert!(matches!(event_file(&other, Some(&three)), Update::Replace(_)));
    }

    #[test]
    fn a_file_of_somebody_else_is_replaced() {
        assert!(matches!(event_file(&run(1, RunState::Running, 1.0), Some(b"not ours")), Update::Replace(_)));
        assert!(matches!(event_file(&run(1, RunState::Running, 1.0), Some(b"")), Update::Replace(_)));
    }
}
