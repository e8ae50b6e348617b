//! Searches that learn find more than those that do not.

use steadfast_sweep::{Median, Sampler, Search, Stopping};

use crate::toy::{EPOCHS, finish, loss, study, tpe};

/// The mean over seeds of the best loss.
fn best(sampler: &Sampler, n: usize) -> f64 {
    let best = |seed| {
        let mut search = Search::new(study(sampler.clone(), Stopping::Never, n, seed));
        finish(&mut search);
        loss(&search.points()[search.ranking()[0].0])
    };
    (0..20).map(best).sum::<f64>() / 20.0
}

#[test]
fn the_estimator_learns_where_blind_draws_do_not() {
    let (learnt, sobol, random) = (best(&tpe(), 60), best(&Sampler::Sobol, 60), best(&Sampler::Random, 60));
    assert!(learnt < 0.5 * sobol.min(random), "{learnt} {sobol} {random}");
}

#[test]
fn the_median_rule_saves_epochs_and_keeps_the_best() {
    let median = Median { warmup_trials: 5, warmup_epochs: 1, every: 1, epochs: EPOCHS };
    let mut whole = Search::new(study(Sampler::Random, Stopping::Never, 40, 3));
    let mut pruned = Search::new(study(Sampler::Random, Stopping::Median(median), 40, 3));
    finish(&mut whole);
    finish(&mut pruned);
    assert_eq!(whole.ranking()[0], pruned.ranking()[0]);
    let epochs =
        |search: &Search| (0..40).filter_map(|trial| Some(search.outcome(trial)?.curves[0].last_epoch())).sum::<u64>();
    assert!(epochs(&pruned) * 2 < epochs(&whole) * 3 / 2, "{} {}", epochs(&pruned), epochs(&whole));
}
