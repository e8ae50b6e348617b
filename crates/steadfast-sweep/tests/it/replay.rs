//! A search that is cut off anywhere and asked anew comes to the same end: what is known is all that there is to know.

use std::collections::BTreeMap;

use proptest::prelude::*;
use steadfast_sweep::{Curve, End, Halving, Median, Outcome, Point, Sampler, Search, Standing, Stopping, Study, Task};

use crate::toy::{EPOCHS, run, study, tpe};

/// The results folder of a toy sweep: how far the run of each point has come. Runs only ever go on.
#[derive(Default)]
struct Folder(BTreeMap<String, (Curve, bool)>);

impl Folder {
    /// What is known of a point, where that is enough for a task.
    fn known(&self, point: &Point, task: &Task) -> Option<Outcome> {
        let (curve, is_over) = self.0.get(&format!("{point:?}"))?;
        if let Some(epoch) = task.halts.due(curve, curve.last_epoch()) {
            return Some(Outcome { curves: vec![curve.until(epoch)], end: End::Paused(epoch) });
        }
        is_over.then(|| run(point, task))
    }

    fn run(&mut self, point: &Point, task: &Task) -> Outcome {
        let outcome = run(point, task);
        self.0.insert(format!("{point:?}"), (outcome.curves[0].clone(), !matches!(outcome.end, End::Paused(_))));
        outcome
    }
}

/// Searches until `most` runs were started; true if it came to its end.
fn search(study: Study, folder: &mut Folder, most: usize) -> (Search, bool) {
    let mut search = Search::new(study);
    let mut started = 0;
    while let Some(task) = search.next_task() {
        let point = search.points()[task.trial].clone();
        let outcome = match folder.known(&point, &task) {
            Some(outcome) => outcome,
            None if started == most => return (search, false),
            None => {
                started += 1;
                folder.run(&point, &task)
            }
        };
        search.tell(task.trial, outcome);
    }
    (search, true)
}

fn any_study() -> impl Strategy<Value = Study> {
    let sampler = prop_oneof![Just(Sampler::Random), Just(Sampler::Sobol), Just(tpe())];
    let stopping = prop_oneof![
        Just(Stopping::Never),
        (1_u64..4, 2_u64..4).prop_map(|(first, factor)| Stopping::Halving(Halving::new(first, factor, EPOCHS))),
        (1_usize..6, 1_u64..4, 1_u64..3).prop_map(|(warmup_trials, warmup_epochs, every)| {
            Stopping::Median(Median { warmup_trials, warmup_epochs, every, epochs: EPOCHS })
        }),
    ];
    (sampler, stopping, 1_usize..25, any::<u64>())
        .prop_map(|(sampler, stopping, n, seed)| study(sampler, stopping, n, seed))
}

fn standing(search: &Search) -> (Vec<Point>, Vec<(usize, Standing)>) {
    (search.points().to_vec(), search.ranking())
}

proptest! {
    #[test]
    fn a_search_that_is_cut_off_anywhere_ends_alike(study in any_study(), cuts in prop::collection::vec(0_usize..6, 0..8)) {
        let (whole, _) = search(study.clone(), &mut Folder::default(), usize::MAX);
        let mut folder = Folder::default();
        for cut in cuts {
            search(study.clone(), &mut folder, cut);
        }
        let (again, is_over) = search(study, &mut folder, usize::MAX);
        prop_assert!(is_over);
        prop_assert_eq!(standing(&again), standing(&whole));
    }

    #[test]
    fn a_search_that_is_done_starts_nothing(study in any_study()) {
        let mut folder = Folder::default();
        search(study.clone(), &mut folder, usize::MAX);
        prop_assert!(search(study, &mut folder, 0).1);
    }
}
