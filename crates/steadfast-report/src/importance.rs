//! How much each hyperparameter decides about a figure: functional analysis of variance (fANOVA) over a forest.
//!
//! A forest of 64 regression trees (see the `forest` module) predicts the *rank* of a run by the figure of its best epoch;
//! ranks, so that one run that diverged does not drown the rest. In each tree the prediction is a sum over boxes, so its
//! mean over all parameters but one can be computed exactly, level by level; levels weigh as much as there are runs that
//! have them. The variance of that mean, divided by the variance of the whole prediction, is the parameter's share: what
//! it decides alone. What is missing to 1 is decided by parameters together.
//!
//! After F. Hutter, H. Hoos, K. Leyton-Brown, "An Efficient Approach for Assessing Hyperparameter Importance", ICML 2014.

use serde_json::{Value, json};

use crate::forest::{Feature, Leaf, grow};
use crate::parameters::Parameters;
use crate::record::{RunRecord, number};

/// With fewer runs a share would be noise.
const FEWEST_RUNS: usize = 8;

/// A tree has to tell levels apart: beyond so many, a parameter that is no number is a label.
const MOST_NAMES: usize = 32;

/// Figures that shares are computed for.
const MOST_METRICS: usize = 4;

/// The share of one parameter.
#[derive(Debug, Clone, PartialEq)]
struct Share {
    /// Its place among the differing parameters.
    parameter: usize,
    alone: f64,
    /// Spearman's rank correlation with the figure, where more of the parameter means something.
    correlation: Option<f64>,
}

/// The shares for each of these metrics that enough runs have, ready for the page.
pub(crate) fn of(runs: &[RunRecord], parameters: &Parameters, metrics: &[&str]) -> Value {
    let figures = metrics.iter().filter_map(|metric| {
        let target: Vec<Option<f64>> = runs.iter().map(|run| figure(run, metric)).collect();
        let (shares, runs) = shares(parameters, &target)?;
        let rows: Vec<Value> = shares
            .iter()
            .map(|row| json!({"parameter": row.parameter, "share": row.alone, "correlation": row.correlation}))
            .collect();
        Some(json!({"metric": metric, "runs": runs, "rows": rows}))
    });
    figures.take(MOST_METRICS).collect()
}

fn figure(run: &RunRecord, metric: &str) -> Option<f64> {
    run.best()?.get(metric).and_then(number).filter(|value| value.is_finite())
}

/// The largest first; nothing where there are too few runs, or nothing differs in them.
fn shares(parameters: &Parameters, target: &[Option<f64>]) -> Option<(Vec<Share>, usize)> {
    let (rows, values): (Vec<usize>, Vec<f64>) =
        target.iter().enumerate().filter_map(|(row, value)| Some((row, (*value)?))).unzip();
    let chosen: Vec<(usize, Feature)> = parameters
        .hyperparameters()
        .filter_map(|(place, parameter)| {
            // A run that lacks the key is a level of its own.
            let missing = parameter.levels.len();
            let level_of: Vec<usize> = rows.iter().map(|row| parameter.level_of[*row].unwrap_or(missing)).collect();
            let ordered = parameter.is_numeric();
            let differs = level_of.iter().any(|level| *level != level_of[0]);
            let feature = Feature { levels: missing + 1, level_of, ordered };
            (differs && (ordered || missing <= MOST_NAMES)).then_some((place, feature))
        })
        .collect();
    if rows.len() < FEWEST_RUNS || chosen.is_empty() {
        return None;
    }
    let features: Vec<Feature> = chosen.iter().map(|(_, feature)| feature.clone()).collect();
    let ranks = ranks(&values);
    let alone = main_effects(&features, &grow(&features, &ranks));
    let mut shares: Vec<Share> = chosen
        .iter()
        .zip(alone)
        .map(|((parameter, feature), alone)| {
            let levels: Vec<f64> = feature.level_of.iter().map(|level| *level as f64).collect();
            let correlation = feature.ordered.then(|| correlation(&self::ranks(&levels), &ranks));
            Share { parameter: *parameter, alone, correlation }
        })
        .collect();
    shares.sort_by(|left, right| right.alone.total_cmp(&left.alone));
    Some((shares, rows.len()))
}

/// For each feature the share of the variance that it decides alone, the mean over the trees.
fn main_effects(features: &[Feature], forest: &[Vec<Leaf>]) -> Vec<f64> {
    let weights: Vec<Vec<f64>> = features.iter().map(weights).collect();
    let mut sums = vec![0.0; features.len()];
    let mut counted = 0.0_f64;
    for leaves in forest {
        if let Some(shares) = tree_effects(leaves, &weights) {
            counted += 1.0;
            sums.iter_mut().zip(shares).for_each(|(sum, share)| *sum += share);
        }
    }
    sums.iter().map(|sum| sum / counted.max(1.0)).collect()
}

/// Nothing if the tree predicts the same everywhere.
fn tree_effects(leaves: &[Leaf], weights: &[Vec<f64>]) -> Option<Vec<f64>> {
    // For each leaf and feature, how much of the feature's runs lies inside.
    let covers: Vec<Vec<f64>> = leaves
        .iter()
        .map(|leaf| leaf.inside.iter().zip(weights).map(|(inside, weights)| covered(inside, weights)).collect())
        .collect();
    let volumes: Vec<f64> = covers.iter().map(|covers| covers.iter().product()).collect();
    let mean: f64 = leaves.iter().zip(&volumes).map(|(leaf, volume)| leaf.mean * volume).sum();
    let variance: f64 = leaves.iter().zip(&volumes).map(|(leaf, volume)| (leaf.mean - mean).powi(2) * volume).sum();
    if variance <= 1e-12 {
        return None;
    }
    let effect = |feature: usize| {
        let mut marginal = vec![0.0; weights[feature].len()];
        for ((leaf, covers), volume) in leaves.iter().zip(&covers).zip(&volumes) {
            if covers[feature] > 0.0 {
                let others = volume / covers[feature];
                for (level, inside) in leaf.inside[feature].iter().enumerate() {
                    marginal[level] += if *inside { leaf.mean * others } else { 0.0 };
                }
            }
        }
        let squares = marginal.iter().zip(&weights[feature]).map(|(value, weight)| weight * (value - mean).powi(2));
        squares.sum::<f64>() / variance
    };
    Some((0..weights.len()).map(effect).collect())
}

/// The part of the runs that has each level.
fn weights(feature: &Feature) -> Vec<f64> {
    let mut weights = vec![0.0; feature.levels];
    for level in &feature.level_of {
        weights[*level] += 1.0 / feature.level_of.len() as f64;
    }
    weights
}

fn covered(inside: &[bool], weights: &[f64]) -> f64 {
    inside.iter().zip(weights).filter(|(inside, _)| **inside).map(|(_, weight)| weight).sum()
}

/// Ranks from 1; equal values share the mean of theirs.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|left, right| values[*left].total_cmp(&values[*right]));
    let mut ranks = vec![0.0; values.len()];
    for tied in order.chunk_by(|left, right| values[*left].total_cmp(&values[*right]).is_eq()) {
        let below = order.partition_point(|row| values[*row].total_cmp(&values[tied[0]]).is_lt());
        for row in tied {
            ranks[*row] = below as f64 + f64::midpoint(1.0, tied.len() as f64);
        }
    }
    ranks
}

/// Pearson's correlation; of ranks it is Spearman's. Nothing that never changes correlates.
fn correlation(left: &[f64], right: &[f64]) -> f64 {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
    let (left_mean, right_mean) = (mean(left), mean(right));
    let sum = |pick: fn(f64, f64) -> f64| -> f64 {
        left.iter().zip(right).map(|(left, right)| pick(left - left_mean, right - right_mean)).sum()
    };
    let scale = (sum(|left, _| left * left) * sum(|_, right| right * right)).sqrt();
    if scale > 0.0 { sum(|left, right| left * right) / scale } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A full grid over three parameters of five levels each, and a figure made from them.
    fn on_a_grid(figure: impl Fn(f64, f64, f64) -> f64) -> Vec<Share> {
        let points: Vec<[usize; 3]> =
            (0..5).flat_map(|a| (0..5).flat_map(move |b| (0..5).map(move |c| [a, b, c]))).collect();
        let configs: Vec<Value> = points.iter().map(|[a, b, c]| json!({"a": a, "b": b, "c": c})).collect();
        let parameters = Parameters::of(&configs.iter().collect::<Vec<_>>());
        let target: Vec<Option<f64>> =
            points.iter().map(|point| Some(figure(point[0] as f64, point[1] as f64, point[2] as f64))).collect();
        let (mut shares, runs) = shares(&parameters, &target).unwrap();
        assert_eq!(runs, 125);
        shares.sort_by_key(|share| share.parameter);
        shares
    }

    #[test]
    fn the_only_one_that_matters_has_all_of_it() {
        let shares = on_a_grid(|a, _, _| -a.exp());
        assert!(shares[0].alone > 0.99, "{shares:?}");
        assert!(shares[1].alone < 0.01 && shares[2].alone < 0.01, "{shares:?}");
        assert!((shares[0].correlation.unwrap() + 1.0).abs() < 1e-9);
        assert!(shares[1].correlation.unwrap().abs() < 1e-9);
    }

    /// Variances of a sum add up: 1 to 4, so a fifth and four fifths.
    #[test]
    fn a_sum_is_divided_as_its_variances_are() {
        let shares = on_a_grid(|a, b, _| a + 2.0 * b);
        assert!((shares[0].alone - 0.2).abs() < 0.05 && (shares[1].alone - 0.8).abs() < 0.05, "{shares:?}");
    }

    /// Centered, a product has no effect of one alone.
    #[test]
    fn what_two_decide_together_is_nobodys_alone() {
        let shares = on_a_grid(|a, b, _| (a - 2.0) * (b - 2.0));
        assert!(shares.iter().map(|share| share.alone).sum::<f64>() < 0.15, "{shares:?}");
    }

    #[test]
    fn too_few_runs_say_nothing() {
        let configs: Vec<Value> = (0..7).map(|lr| json!({"lr": lr})).collect();
        let parameters = Parameters::of(&configs.iter().collect::<Vec<_>>());
        assert_eq!(shares(&parameters, &[Some(1.0); 7]), None);
        assert_eq!(shares(&Parameters::default(), &[Some(1.0); 9]), None);
    }

    /// `scipy.stats.rankdata([3, 1, 4, 1, 5])` of scipy 1.11 gives 3, 1.5, 4, 1.5, 5.
    #[test]
    fn equal_values_share_their_rank() {
        assert_eq!(ranks(&[3.0, 1.0, 4.0, 1.0, 5.0]), [3.0, 1.5, 4.0, 1.5, 5.0]);
        assert_eq!(ranks(&[]), [0.0; 0]);
    }
}
