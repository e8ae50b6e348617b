//! Successive halving: who goes on, and how far.

use steadfast_sweep::{End, Halving, Sampler, Search, Stopping};

use crate::toy::{EPOCHS, finish, study, tpe};

fn halving() -> Stopping {
    Stopping::Halving(Halving::new(1, 3, EPOCHS))
}

#[test]
fn a_third_goes_on_from_each_rung() {
    let mut search = Search::new(study(Sampler::Sobol, halving(), 18, 1));
    let tasks = finish(&mut search);
    let to = |epoch: Option<u64>| {
        tasks.iter().filter(|task| task.halts.halts.first().map(|halt| halt.epoch) == epoch).count()
    };
    assert_eq!((to(Some(1)), to(Some(3)), to(None)), (18, 6, 2));
    let ends: Vec<End> = search.ranking().into_iter().map(|(_, standing)| standing.end).collect();
    assert_eq!(
        ends[..7],
        [End::Complete, End::Complete, End::Paused(3), End::Paused(3), End::Paused(3), End::Paused(3), End::Paused(1)]
    );
}

#[test]
fn the_last_one_goes_straight_to_the_end() {
    let mut search = Search::new(study(Sampler::Sobol, halving(), 3, 1));
    let tasks = finish(&mut search);
    assert_eq!(tasks.len(), 4);
    assert!(tasks[3].halts.halts.is_empty());
}

#[test]
fn points_are_learnt_from_the_first_rung_whatever_came_later() {
    let mut search = Search::new(study(tpe(), halving(), 30, 5));
    finish(&mut search);
    let points = search.points().to_vec();
    // The same search asked anew, told for each trial what is known of it now.
    let mut again = Search::new(study(tpe(), halving(), 30, 5));
    finish(&mut again);
    assert_eq!(again.points(), points);
    assert_eq!(again.ranking(), search.ranking());
}
