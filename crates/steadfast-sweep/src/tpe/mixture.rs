//! A density over the whole space: one kernel around every point that is known, and one for the space itself.

use crate::distribution::{Distribution, Parameter};
use crate::draws::Draws;

/// What a kernel is made of along one key.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Direction {
    /// A line from 0 to 1.
    Line,
    /// So many alternatives without an order.
    Choice(usize),
}

impl Direction {
    pub(super) fn of(parameter: &Parameter) -> Self {
        match &parameter.distribution {
            Distribution::Choice(values) => Self::Choice(values.len().max(1)),
            _ => Self::Line,
        }
    }
}

/// A density as a sum of kernels, each a product over the keys: a normal distribution cut off at the ends of a line, or a
/// share of each alternative.
#[derive(Debug)]
pub(super) struct Mixture<'a> {
    directions: &'a [Direction],
    /// Where the kernels stand: a place from 0 to 1 for each key. The last one stands for the space itself.
    centers: Vec<Vec<f64>>,
    weights: Vec<f64>,
    /// Width of the kernels of known points along each key.
    widths: Vec<f64>,
    /// For each kernel: logarithm of its weight, and of what is cut off along all keys.
    logs: Vec<f64>,
}

impl<'a> Mixture<'a> {
    /// Kernels of these widths at these points, each of the same weight, beside one that is as wide as the space.
    pub(super) fn new(directions: &'a [Direction], points: &[&[f64]], widths: Vec<f64>, prior_weight: f64) -> Self {
        let mut centers: Vec<Vec<f64>> = points.iter().map(|point| point.to_vec()).collect();
        centers.push(vec![0.5; directions.len()]);
        let mut weights = vec![1.0; points.len()];
        weights.push(prior_weight);
        let total: f64 = weights.iter().sum();
        let mut mixture = Self { directions, centers, weights, widths, logs: Vec::new() };
        mixture.logs = (0..mixture.centers.len())
            .map(|kernel| libm::log(mixture.weights[kernel] / total) - mixture.log_mass(kernel))
            .collect();
        mixture
    }

    /// Draws a point.
    pub(super) fn draw(&self, draws: &mut Draws) -> Vec<f64> {
        let kernel = draws.weighted(&self.weights);
        let directions = self.directions.iter().enumerate();
        directions
            .map(|(key, direction)| match direction {
                Direction::Line => self.draw_on_line(kernel, key, draws),
                Direction::Choice(count) => {
                    let shares: Vec<f64> = (0..*count).map(|index| self.share(kernel, key, index, *count)).collect();
                    middle(draws.weighted(&shares), *count)
                }
            })
            .collect()
    }

    /// Logarithm of the density at a point.
    pub(super) fn log_density(&self, point: &[f64]) -> f64 {
        let logs: Vec<f64> = (0..self.centers.len()).map(|kernel| self.log_kernel(kernel, point)).collect();
        let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if !largest.is_finite() {
            return largest;
        }
        largest + libm::log(logs.iter().map(|log| libm::exp(log - largest)).sum())
    }

    fn log_kernel(&self, kernel: usize, point: &[f64]) -> f64 {
        let along = self.directions.iter().enumerate().map(|(key, direction)| match direction {
            Direction::Line => {
                let distance = (point[key] - self.centers[kernel][key]) / self.width(kernel, key);
                -0.5 * distance * distance
            }
            Direction::Choice(count) => libm::log(self.share(kernel, key, index(point[key], *count), *count)),
        });
        self.logs[kernel] + along.sum::<f64>()
    }

    /// Logarithm of what the normal distributions of a kernel have between 0 and 1, up to a constant of all kernels.
    fn log_mass(&self, kernel: usize) -> f64 {
        let along = self.directions.iter().enumerate().map(|(key, direction)| match direction {
            Direction::Line => {
                let (center, width) = (self.centers[kernel][key], self.width(kernel, key));
                let below = |place: f64| 0.5 * libm::erfc(-(place - center) / (width * core::f64::consts::SQRT_2));
                libm::log(width * (below(1.0) - below(0.0)))
            }
            Direction::Choice(_) => 0.0,
        });
        along.sum()
    }

    /// The kernel of the space itself is as wide as the space.
    fn width(&self, kernel: usize, key: usize) -> f64 {
        if kernel + 1 == self.centers.len() { 1.0 } else { self.widths[key] }
    }

    /// Every center lies inside, and no kernel is wider than the space, so at least a third of the draws do.
    fn draw_on_line(&self, kernel: usize, key: usize, draws: &mut Draws) -> f64 {
        loop {
            let place = self.centers[kernel][key] + self.width(kernel, key) * draws.normal();
            if (0.0..=1.0).contains(&place) {
                return place;
            }
        }
    }

    /// The share of an alternative in a kernel: the one that the point has, and a little of every other.
    fn share(&self, kernel: usize, key: usize, wanted: usize, count: usize) -> f64 {
        if kernel + 1 == self.centers.len() {
            return 1.0 / count as f64;
        }
        let little = 1.0 / self.centers.len() as f64;
        let own = f64::from(u8::from(index(self.centers[kernel][key], count) == wanted));
        (own + little) / (1.0 + little * count as f64)
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place from 0 to 1 times a count")]
fn index(place: f64, count: usize) -> usize {
    ((place * count as f64) as usize).min(count.saturating_sub(1))
}

fn middle(index: usize, count: usize) -> f64 {
    (index as f64 + 0.5) / count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draws::Purpose;

    #[test]
    fn the_density_is_one_in_all() {
        let directions = [Direction::Line, Direction::Choice(3)];
        let points: [&[f64]; 2] = [&[0.05, middle(0, 3)], &[0.9, middle(2, 3)]];
        let mixture = Mixture::new(&directions, &points, vec![0.1, 0.0], 1.0);
        // Constants of the normal distribution are left out of every kernel alike.
        let root = libm::sqrt(core::f64::consts::TAU);
        let mut sum = 0.0;
        for step in 0..1000 {
            let place = (f64::from(step) + 0.5) / 1000.0;
            sum += (0..3)
                .map(|choice| libm::exp(mixture.log_density(&[place, middle(choice, 3)])) / root / 1000.0)
                .sum::<f64>();
        }
        assert!((sum - 1.0).abs() < 1e-3, "{sum}");
    }

    #[test]
    fn draws_lie_where_the_density_is() {
        let directions = [Direction::Line];
        let points: [&[f64]; 1] = [&[0.2]];
        let mixture = Mixture::new(&directions, &points, vec![0.05], 0.1);
        let mut draws = Draws::new(0, Purpose::Candidates, 0);
        let near = (0..1000).filter(|_| (mixture.draw(&mut draws)[0] - 0.2).abs() < 0.15).count();
        assert!(near > 850, "{near}");
        assert!(mixture.log_density(&[0.2]) > mixture.log_density(&[0.8]));
    }
}
