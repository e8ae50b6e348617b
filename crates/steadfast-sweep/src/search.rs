//! Which trial comes next.

use std::collections::BTreeSet;

use crate::axis::{Axis, is_excluded, product};
use crate::curve::{Goal, Halt, Halts};
use crate::distribution::Parameter;
use crate::outcome::{Outcome, Standing};
use crate::point::Point;
use crate::sampler::{random_point, sobol_point};
use crate::stopping::Stopping;
use crate::tpe::{TpeSettings, suggest};

/// Draws for one more point before the space counts as used up.
const DRAWS: u64 = 1_000;

/// Suggestions of the estimator before a point is drawn blindly instead.
const SUGGESTIONS: u64 = 32;

/// Where the points of a search come from.
#[derive(Debug, Clone, PartialEq)]
pub enum Sampler {
    /// Every combination of what is written out.
    Listed(Vec<Axis>),
    /// Drawn blindly.
    Random,
    /// A sequence that covers the space evenly.
    Sobol,
    /// Drawn where good results are dense.
    Tpe(TpeSettings),
}

/// Everything that decides a search, beside the results.
#[derive(Debug, Clone, PartialEq)]
pub struct Study {
    /// Where points come from.
    pub sampler: Sampler,
    /// What is drawn, unless all is written out.
    pub space: Vec<Parameter>,
    /// Points that nobody wants.
    pub exclude: Vec<Point>,
    /// Points in all that are drawn.
    pub n: usize,
    /// Every random number derives from it.
    pub seed: u64,
    /// Which direction of the metric is better.
    pub goal: Goal,
    /// Which trials are stopped before their end.
    pub stopping: Stopping,
}

/// The next thing to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// The number of the trial, from 0.
    pub trial: usize,
    /// Where its runs stop.
    pub halts: Halts,
}

/// A search under way: points, and what is known of them.
///
/// It is a pure function of the [`Study`] and of what it was [told](Search::tell): asked again from the beginning and told
/// the same, it comes to the same point. So there is nothing to save beside the results themselves.
#[derive(Debug)]
pub struct Search {
    study: Study,
    points: Vec<Point>,
    known: BTreeSet<String>,
    /// The number of the next blind draw.
    draw: u64,
    outcomes: Vec<Option<Outcome>>,
    /// The first trial that nothing is known of.
    first_open: usize,
    /// Whether there is no point beyond those that are known.
    used_up: bool,
}

impl Search {
    /// A search of which nothing is known yet. Points that do not depend on results are known at once.
    pub fn new(study: Study) -> Self {
        let mut search = Self {
            study,
            points: Vec::new(),
            known: BTreeSet::new(),
            draw: 0,
            outcomes: Vec::new(),
            first_open: 0,
            used_up: false,
        };
        match &search.study.sampler {
            Sampler::Listed(axes) => {
                let points: Vec<Point> = product(axes, &search.study.exclude).collect();
                for point in points {
                    search.add(point);
                }
                search.used_up = true;
            }
            Sampler::Random | Sampler::Sobol => while search.next_point().is_some() {},
            Sampler::Tpe(_) => {}
        }
        search
    }

    /// Whether the points depend on results.
    pub fn learns(&self) -> bool {
        matches!(self.study.sampler, Sampler::Tpe(_))
    }

    /// What decides the search.
    pub fn study(&self) -> &Study {
        &self.study
    }

    /// The points that are known so far, by the number of their trial.
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// What is to be done next; nothing once all is done.
    pub fn next_task(&mut self) -> Option<Task> {
        let halts = |halts: Vec<Halt>| Halts { goal: self.study.goal, halts };
        match &self.study.stopping {
            Stopping::Never => {
                let none = halts(Vec::new());
                self.open_trial().map(|trial| Task { trial, halts: none })
            }
            Stopping::Median(median) => {
                let before: Vec<&Outcome> = self.outcomes.iter().take(self.first_open).flatten().collect();
                let limits = halts(median.halts(&before, self.study.goal));
                self.open_trial().map(|trial| Task { trial, halts: limits })
            }
            Stopping::Halving(_) => self.next_of_halving(),
        }
    }

    /// Says what came of a trial.
    pub fn tell(&mut self, trial: usize, outcome: Outcome) {
        if self.outcomes.len() <= trial {
            self.outcomes.resize(trial + 1, None);
        }
        if let Some(known) = self.outcomes.get_mut(trial) {
            *known = Some(outcome);
        }
        while self.outcomes.get(self.first_open).is_some_and(Option::is_some) {
            self.first_open += 1;
        }
    }

    /// What is known of a trial.
    pub fn outcome(&self, trial: usize) -> Option<&Outcome> {
        self.outcomes.get(trial)?.as_ref()
    }

    /// The trials that something is known of, the best first.
    pub fn ranking(&self) -> Vec<(usize, Standing)> {
        let known = self.outcomes.iter().enumerate();
        let goal = self.study.goal;
        let mut ranked: Vec<_> =
            known.filter_map(|(trial, outcome)| Some((trial, outcome.as_ref()?.standing(goal)))).collect();
        ranked.sort_by(|left, right| left.1.compare(&right.1, goal).then(left.0.cmp(&right.0)));
        ranked
    }

    /// The first trial that nothing is known of, its point made where there is none yet.
    fn open_trial(&mut self) -> Option<usize> {
        let trial = self.first_open;
        while self.points.len() <= trial {
            self.next_point()?;
        }
        Some(trial)
    }

    /// Cohort by cohort and rung by rung: the first trial that has not come to the rung of its cohort.
    fn next_of_halving(&mut self) -> Option<Task> {
        let Stopping::Halving(halving) = self.study.stopping.clone() else { return None };
        let goal = self.study.goal;
        let to = |trial: usize, rung: Option<u64>| {
            let halts = rung.map(|epoch| Halt { epoch, unless: None }).into_iter().collect();
            Some(Task { trial, halts: Halts { goal, halts } })
        };
        let first = halving.rungs.first().copied();
        if let Some(trial) = self.open_trial() {
            return to(trial, first);
        }
        let mut cohort: Vec<usize> = (0..self.points.len()).collect();
        for rung in halving.rungs.iter().copied() {
            if cohort.len() == 1 {
                break;
            }
            if let Some(trial) = cohort.iter().copied().find(|trial| !self.has_come_to(*trial, Some(rung))) {
                return to(trial, Some(rung));
            }
            cohort = halving.survivors(&cohort, rung, &self.outcomes, goal);
        }
        cohort.into_iter().find(|trial| !self.has_come_to(*trial, None)).and_then(|trial| to(trial, None))
    }

    /// Whether a trial needs nothing more to be judged at a rung, or at the end.
    fn has_come_to(&self, trial: usize, rung: Option<u64>) -> bool {
        use crate::outcome::End;

        self.outcome(trial).is_some_and(|outcome| match outcome.end {
            End::Complete | End::Failed => true,
            End::Paused(epoch) => rung.is_some_and(|rung| epoch >= rung),
        })
    }

    /// Makes one more point; nothing once there are as many as wanted, or none that is new.
    fn next_point(&mut self) -> Option<&Point> {
        if self.used_up || self.points.len() >= self.study.n {
            return None;
        }
        let point = match self.study.sampler.clone() {
            Sampler::Tpe(settings) if self.points.len() >= settings.startup.max(2) => {
                self.suggested(&settings).or_else(|| self.drawn(random_point))
            }
            Sampler::Random => self.drawn(random_point),
            _ => self.drawn(sobol_point),
        };
        self.used_up = point.is_none();
        self.add(point?);
        self.points.last()
    }

    /// The next blind draw that is wanted and new.
    fn drawn(&mut self, draw: fn(&[Parameter], u64, u64) -> Point) -> Option<Point> {
        for _ in 0..DRAWS {
            let point = draw(&self.study.space, self.study.seed, self.draw);
            self.draw += 1;
            if self.is_wanted(&point) {
                return Some(point);
            }
        }
        None
    }

    /// The first suggestion that is wanted and new.
    fn suggested(&self, settings: &TpeSettings) -> Option<Point> {
        let trial = self.points.len() as u64;
        let best_first = self.best_first();
        (0..SUGGESTIONS)
            .map(|attempt| {
                suggest(&self.study.space, settings, self.study.seed, trial * SUGGESTIONS + attempt, &best_first)
            })
            .find(|point| self.is_wanted(point))
    }

    /// The points that are known, the best first. Under halving all are compared where all have been: at the first rung.
    fn best_first(&self) -> Vec<&Point> {
        let goal = self.study.goal;
        let first_rung = match &self.study.stopping {
            Stopping::Halving(halving) => halving.rungs.first().copied(),
            _ => None,
        };
        let standing = |outcome: &Outcome| match first_rung {
            Some(rung) => outcome.standing_at(rung, goal),
            None => outcome.standing(goal),
        };
        let known = self.points.iter().zip(&self.outcomes).enumerate();
        let mut ranked: Vec<_> =
            known.filter_map(|(trial, (point, outcome))| Some((trial, point, standing(outcome.as_ref()?)))).collect();
        ranked.sort_by(|left, right| left.2.compare(&right.2, goal).then(left.0.cmp(&right.0)));
        ranked.into_iter().map(|(_, point, _)| point).collect()
    }

    fn is_wanted(&self, point: &Point) -> bool {
        !is_excluded(point, &self.study.exclude) && !self.known.contains(&identity(point))
    }

    /// A point that is there already is not added again.
    fn add(&mut self, point: Point) {
        if self.known.insert(identity(&point)) {
            self.points.push(point);
        }
    }
}

/// The same text for the same settings in whatever order.
fn identity(point: &Point) -> String {
    let mut settings: Vec<String> = point.settings().iter().map(|(key, value)| format!("{key:?}: {value}")).collect();
    settings.sort_unstable();
    settings.join(", ")
}
