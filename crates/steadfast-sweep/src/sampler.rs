//! Points that depend on nothing but the seed and their number.

use crate::distribution::Parameter;
use crate::draws::{Draws, Purpose};
use crate::point::Point;

/// Dimensions and points of the Sobol sequence that `sobol_burley` has tables for.
pub const SOBOL_DIMENSIONS: usize = 256;

/// The point with this number of a random search.
pub fn random_point(space: &[Parameter], seed: u64, number: u64) -> Point {
    let mut draws = Draws::new(seed, Purpose::Random, number);
    at(space, |_| draws.unit())
}

/// The point with this number of an Owen-scrambled Sobol sequence: any beginning of it covers the space evenly.
///
/// Burley, "Practical Hash-based Owen Scrambling", JCGT 9(4), 2020.
pub fn sobol_point(space: &[Parameter], seed: u64, number: u64) -> Point {
    at(space, |dimension| sobol_place(seed, number, dimension))
}

/// One coordinate of the Sobol sequence.
#[expect(clippy::cast_possible_truncation, reason = "the seed is folded to the 32 bits that the sequence takes")]
pub(crate) fn sobol_place(seed: u64, number: u64, dimension: usize) -> f64 {
    let folded = (seed ^ (seed >> 32)) as u32;
    // Beyond its end the sequence begins anew, scrambled in another way.
    let index = number as u32 % SOBOL_LENGTH;
    let round = (number / u64::from(SOBOL_LENGTH)) as u32;
    let dimension = (dimension % SOBOL_DIMENSIONS) as u32;
    sobol_burley::sample(index, dimension, folded.wrapping_add(round.wrapping_mul(0x9e37_79b9))).into()
}

/// Points before the sequence begins anew.
const SOBOL_LENGTH: u32 = 1 << 16;

fn at(space: &[Parameter], mut place: impl FnMut(usize) -> f64) -> Point {
    let draw = |point: Point, (index, parameter): (usize, &Parameter)| {
        point.with(parameter.key.clone(), parameter.distribution.at(place(index)))
    };
    space.iter().enumerate().fold(Point::new(), draw)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distribution::Distribution;

    fn square() -> Vec<Parameter> {
        ["x", "y"]
            .map(|key| Parameter { key: key.to_owned(), distribution: Distribution::Uniform { min: 0.0, max: 1.0 } })
            .into()
    }

    fn quarter(point: &Point) -> usize {
        let half = |key: &str| usize::from(point.get(key).and_then(serde_json::Value::as_f64).unwrap() >= 0.5);
        half("x") * 2 + half("y")
    }

    #[test]
    fn points_depend_on_seed_and_number_alone() {
        for draw in [random_point, sobol_point] {
            assert_eq!(draw(&square(), 1, 7), draw(&square(), 1, 7));
            assert_ne!(draw(&square(), 1, 7), draw(&square(), 2, 7));
            assert_ne!(draw(&square(), 1, 7), draw(&square(), 1, 8));
        }
    }

    #[test]
    fn every_four_points_of_the_sobol_sequence_lie_in_four_quarters() {
        for seed in 0..20 {
            for start in [0, 4, 8, 400] {
                let mut hit = [0; 4];
                for number in start..start + 4 {
                    hit[quarter(&sobol_point(&square(), seed, number))] += 1;
                }
                assert_eq!(hit, [1; 4], "seed {seed}, from {start}");
            }
        }
    }
}
