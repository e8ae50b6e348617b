//! The next point, from everything that is known.

use super::mixture::{Direction, Mixture};
use crate::distribution::Parameter;
use crate::draws::{Draws, Purpose};
use crate::point::Point;

/// How the estimator works.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TpeSettings {
    /// Points that come first, before anything is learnt from them.
    pub startup: usize,
    /// Candidates that are drawn for each point.
    pub candidates: usize,
    /// Share of the known points that count as good, before the root of their number is taken.
    pub good: f64,
    /// Width of a kernel in one dimension around one point.
    pub width: f64,
    /// The least width of a kernel.
    pub least_width: f64,
    /// Weight of the whole space beside that of one point.
    pub prior: f64,
}

impl Default for TpeSettings {
    fn default() -> Self {
        Self { startup: 10, candidates: 24, good: 1.0, width: 0.07, least_width: 0.01, prior: 0.3 }
    }
}

/// The next point, given those that are known from the best to the worst.
///
/// `number` counts the points of the search: the same number, seed and history give the same point.
pub fn suggest(space: &[Parameter], settings: &TpeSettings, seed: u64, number: u64, best_first: &[&Point]) -> Point {
    let directions: Vec<Direction> = space.iter().map(Direction::of).collect();
    let places: Vec<Vec<f64>> = best_first.iter().map(|point| places_of(space, point)).collect();
    let (good, bad) = places.split_at(good_count(places.len(), settings));
    let mut draws = Draws::new(seed, Purpose::Candidates, number);
    let place = best_candidate(&directions, (good, bad), settings, &mut draws);
    let set = |point: Point, (parameter, place): (&Parameter, &f64)| {
        point.with(parameter.key.clone(), parameter.distribution.at(*place))
    };
    space.iter().zip(&place).fold(Point::new(), set)
}

/// The candidate at which good points are the densest in comparison with bad ones.
fn best_candidate(
    directions: &[Direction],
    (good, bad): (&[Vec<f64>], &[Vec<f64>]),
    settings: &TpeSettings,
    draws: &mut Draws,
) -> Vec<f64> {
    let (good, bad) = (estimate(directions, good, settings), estimate(directions, bad, settings));
    let mut best: Option<(f64, Vec<f64>)> = None;
    for _ in 0..settings.candidates.max(1) {
        let candidate = good.draw(draws);
        let score = good.log_density(&candidate) - bad.log_density(&candidate);
        if best.as_ref().is_none_or(|(highest, _)| score > *highest) {
            best = Some((score, candidate));
        }
    }
    best.map(|(_, place)| place).unwrap_or_default()
}

/// How many of the known points count as good.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small positive number")]
fn good_count(known: usize, settings: &TpeSettings) -> usize {
    let wanted = libm::ceil(settings.good * libm::sqrt(known as f64)) as usize;
    wanted.clamp(1, known.saturating_sub(1).max(1))
}

/// Scott's rule for the width of a kernel: it shrinks with the number of points, the slower the more dimensions there are.
fn estimate<'a>(directions: &'a [Direction], places: &[Vec<f64>], settings: &TpeSettings) -> Mixture<'a> {
    let points: Vec<&[f64]> = places.iter().map(Vec::as_slice).collect();
    let exponent = -1.0 / (directions.len() as f64 + 4.0);
    let width = settings.width * libm::pow(points.len().max(1) as f64, exponent);
    let widths = vec![width.clamp(settings.least_width, 1.0); directions.len()];
    Mixture::new(directions, &points, widths, settings.prior)
}

/// Where a point lies along each key; in the middle where it says nothing.
fn places_of(space: &[Parameter], point: &Point) -> Vec<f64> {
    let place = |parameter: &Parameter| {
        point.get(&parameter.key).and_then(|value| parameter.distribution.place_of(value)).unwrap_or(0.5)
    };
    space.iter().map(place).collect()
}
