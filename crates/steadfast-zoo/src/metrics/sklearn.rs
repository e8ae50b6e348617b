//! Every metric against the numbers of scikit-learn 1.9.1.
//!
//! They were printed by this program:
//!
//! ```python
//! import numpy as np
//! from sklearn import metrics as m
//! def ramp(factor, *shape):
//!     count = int(np.prod(shape))
//!     return ((np.arange(count) * factor % 101) / 101 * 4 - 2).astype(np.float32).reshape(shape)
//! def softmax(s):
//!     e = np.exp(s.astype(np.float64) - s.max(1, keepdims=True)); return e / e.sum(1, keepdims=True)
//! r = ramp(37, 40, 6)
//! s, y = r * r * r, np.arange(40) * 7 % 11 % 5   # class 5 is never a target
//! p, a = softmax(s), s.argmax(1)
//! print("loss", m.log_loss(y, p, labels=range(6)))
//! print("accuracy", m.accuracy_score(y, a))
//! print("top5", m.top_k_accuracy_score(y, s, k=5, labels=range(6)))
//! for avg in ("macro", "micro"):
//!     print(avg, *(f(y, a, average=avg, zero_division=0) for f in (m.precision_score, m.recall_score, m.f1_score)))
//! print("auc", np.mean([m.roc_auc_score(y == c, p[:, c]) for c in range(5)]))
//! print("confusion", m.confusion_matrix(y, a, labels=range(6)).tolist())
//! y2, s2 = np.arange(30) * 7 % 5 % 2, np.round(ramp(41, 30, 2) * 2) / 2
//! print("binary auc", m.roc_auc_score(y2, softmax(s2)[:, 1]))
//! v, t = ramp(43, 25, 3) + 50, ramp(59, 25, 3) * 2 + 50
//! print("mae", m.mean_absolute_error(t, v), "mse", m.mean_squared_error(t, v))
//! print("rmse", m.mean_squared_error(t, v) ** .5, "r2", m.r2_score(t.astype(np.float64), v.astype(np.float64)))
//! ```

use super::{ClassEvidence, Evidence, METRICS, TokenEvidence, ValueEvidence};

fn ramp(factor: usize, count: usize) -> Vec<f32> {
    (0..count).map(|index| (index * factor % 101) as f32 / 101.0 * 4.0 - 2.0).collect()
}

fn check(evidence: &Evidence, expected: &[(&str, f64)]) {
    for entry in METRICS {
        let expected = expected.iter().find(|(name, _)| *name == entry.name);
        match ((entry.value)(evidence), expected) {
            (Some(found), Some((name, expected))) => assert!((found - expected).abs() < 1e-6, "{name}: {found}"),
            (None, None) => {}
            (found, expected) => panic!("{}: {found:?} instead of {expected:?}", entry.name),
        }
    }
}

/// Cross-entropies of rows of scores.
fn losses(scores: &[f32], classes: usize, targets: &[u32]) -> Vec<f32> {
    let rows = scores.chunks(classes).zip(targets);
    rows.map(|(row, target)| row.iter().map(|score| score.exp()).sum::<f32>().ln() - row[*target as usize]).collect()
}

#[test]
fn classification() {
    let scores: Vec<f32> = ramp(37, 240).into_iter().map(|score| score * score * score).collect();
    let targets: Vec<u32> = (0..40).map(|index| index * 7 % 11 % 5).collect();
    let mut evidence = ClassEvidence::new(6, true);
    evidence.add(&losses(&scores, 6, &targets), &scores, &targets);
    let confusion: Vec<&[u64]> = evidence.confusion().collect();
    let expected = [
        [1, 3, 1, 2, 2, 2],
        [2, 1, 0, 2, 1, 1],
        [1, 1, 2, 1, 3, 0],
        [2, 1, 0, 2, 1, 1],
        [1, 1, 1, 1, 2, 1],
        [0, 0, 0, 0, 0, 0],
    ];
    assert_eq!(confusion, expected);
    let figures = [
        ("loss", 5.027_518_094_309_237_5),
        ("accuracy", 0.2),
        ("top5_accuracy", 0.75),
        ("precision_macro", 0.209_656_084_656_084_65),
        ("precision_micro", 0.2),
        ("recall_macro", 0.175_865_800_865_800_86),
        ("recall_micro", 0.2),
        ("f1_macro", 0.183_994_708_994_708_96),
        ("f1_micro", 0.2),
        ("roc_auc", 0.443_229_749_776_085_9),
    ];
    check(&Evidence::Classes(evidence), &figures);
}

#[test]
fn two_classes_with_equal_scores() {
    let scores: Vec<f32> = ramp(41, 60).into_iter().map(|score| (score * 2.0).round_ties_even() / 2.0).collect();
    let targets: Vec<u32> = (0..30).map(|index| index * 7 % 5 % 2).collect();
    let mut evidence = ClassEvidence::new(2, true);
    evidence.add(&losses(&scores, 2, &targets), &scores, &targets);
    let auc = METRICS.iter().find(|entry| entry.name == "roc_auc").unwrap();
    let found = (auc.value)(&Evidence::Classes(evidence)).unwrap();
    assert!((found - 0.650_462_962_962_963).abs() < 1e-12, "{found}");
}

#[test]
fn regression() {
    let predictions: Vec<f32> = ramp(43, 75).into_iter().map(|value| value + 50.0).collect();
    let targets: Vec<f32> = ramp(59, 75).into_iter().map(|value| value * 2.0 + 50.0).collect();
    let mut evidence = ValueEvidence::new(3);
    evidence.add(&predictions, &targets);
    let figures = [
        ("loss", 5.732_598_781_585_693),
        ("mae", 2.014_785_528_182_983_4),
        ("rmse", 2.394_284_607_473_740_7),
        ("r2", -0.134_327_842_445_402_55),
    ];
    check(&Evidence::Values(evidence), &figures);
}

#[test]
fn text() {
    // Two tokens of one and three characters; the losses are those of certainties 1/2, 1/4 and 1/4: five bits.
    let vocabulary = ["a".to_owned(), "the".to_owned()];
    let mut evidence = TokenEvidence::new(&vocabulary);
    let losses = [2.0_f32, 4.0, 4.0].map(f32::ln);
    evidence.add(&losses, &[1.0, 0.0, 1.0, 0.0, 0.0, 1.0], &[0, 1, 1]);
    let nats = 5.0 * std::f64::consts::LN_2;
    let figures = [
        ("loss", nats / 3.0),
        ("accuracy", 2.0 / 3.0),
        ("perplexity", 32.0_f64.cbrt()),
        ("bits_per_character", 5.0 / 7.0),
    ];
    check(&Evidence::Tokens(evidence), &figures);
}

#[test]
fn nothing_seen_is_not_a_number() {
    for evidence in [Evidence::Classes(ClassEvidence::new(7, true)), Evidence::Values(ValueEvidence::new(1))] {
        for entry in METRICS {
            assert!((entry.value)(&evidence).is_none_or(f64::is_nan), "{}", entry.name);
        }
    }
}

#[test]
fn a_column_that_never_changes() {
    for (prediction, expected) in [(3.0, 1.0), (4.0, 0.0)] {
        let mut evidence = ValueEvidence::new(1);
        evidence.add(&[prediction; 4], &[3.0; 4]);
        let r2 = METRICS.iter().find(|entry| entry.name == "r2").unwrap();
        assert_eq!((r2.value)(&Evidence::Values(evidence)), Some(expected));
    }
}
