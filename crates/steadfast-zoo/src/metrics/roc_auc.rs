//! The area under the receiver operating characteristic.
//!
//! It is the chance that a sample of a class has a larger score for it than a sample of another class (Hanley and
//! `McNeil`, "The Meaning and Use of the Area under a ROC Curve", 1982), computed from ranks; equal scores share theirs.

use steadfast_experiment::Goal;

use super::{ClassEvidence, Evidence, MetricEntry};

pub(super) const ENTRY: MetricEntry = MetricEntry {
    name: "roc_auc",
    summary: "area under the ROC curve: of class 1 against 0, or the mean of each class against the rest",
    goal: Goal::Maximize,
    standard: false,
    value: |evidence| match evidence {
        Evidence::Classes(evidence) => Some(area(evidence)),
        Evidence::Values(_) | Evidence::Tokens(_) => None,
    },
};

/// Classes without samples, or without samples of other classes, have no curve and are left out of the mean; where no
/// class has one, and where the scores were not kept, it is not a number.
fn area(evidence: &ClassEvidence) -> f64 {
    let Some((scores, targets)) = evidence.kept() else { return f64::NAN };
    let classes = evidence.classes();
    let probabilities = probabilities(scores, classes);
    let of = |class: usize| {
        let column = probabilities.iter().skip(class).step_by(classes).copied();
        curve(column.zip(targets.iter().map(|target| *target as usize == class)))
    };
    if classes == 2 {
        return of(1).unwrap_or(f64::NAN);
    }
    let areas: Vec<f64> = (0..classes).filter_map(of).collect();
    areas.iter().sum::<f64>() / areas.len() as f64
}

/// The softmax of each row: only then can the scores of different samples for one class be compared.
fn probabilities(scores: &[f32], classes: usize) -> Vec<f64> {
    let mut probabilities = Vec::with_capacity(scores.len());
    for row in scores.chunks_exact(classes.max(1)) {
        let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let start = probabilities.len();
        probabilities.extend(row.iter().map(|score| (f64::from(*score) - f64::from(largest)).exp()));
        let sum: f64 = probabilities[start..].iter().sum();
        probabilities[start..].iter_mut().for_each(|value| *value /= sum);
    }
    probabilities
}

/// The area of one class against the others.
fn curve(samples: impl Iterator<Item = (f64, bool)>) -> Option<f64> {
    let mut samples: Vec<(f64, bool)> = samples.collect();
    samples.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut rank_sum = 0.0;
    let mut before = 0;
    for equal in samples.chunk_by(|one, other| one.0.total_cmp(&other.0).is_eq()) {
        let rank = f64::midpoint((before + 1) as f64, (before + equal.len()) as f64);
        rank_sum += rank * equal.iter().filter(|(_, positive)| *positive).count() as f64;
        before += equal.len();
    }
    let positives = samples.iter().filter(|(_, positive)| *positive).count() as f64;
    let pairs = positives * (samples.len() as f64 - positives);
    (pairs > 0.0).then(|| (rank_sum - positives * (positives + 1.0) / 2.0) / pairs)
}
