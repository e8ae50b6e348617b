//! Rows of figures, and what they are held against.

use comfy_table::Cell;

use crate::report;

/// One figure, with the bound that it shall keep.
#[derive(Debug, Clone)]
pub(super) struct Figure {
    pub(super) what: String,
    /// What was measured, ready to be read.
    pub(super) measured: String,
    /// What was asked for, ready to be read; empty where nothing was.
    pub(super) wanted: String,
    pub(super) kept: bool,
}

/// One comparison, with a ratio for each round.
#[derive(Debug, Clone)]
pub(super) struct Comparison {
    pub(super) what: String,
    /// Medians, with their unit.
    pub(super) ours: String,
    pub(super) theirs: String,
    /// Theirs over ours: above one, ours is faster.
    pub(super) ratios: Vec<f64>,
    pub(super) floor: f64,
    pub(super) target: f64,
}

impl Comparison {
    pub(super) fn median(&self) -> f64 {
        median(&self.ratios)
    }
}

/// The middle of some numbers; NaN of none.
pub(super) fn median(numbers: &[f64]) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        length if length % 2 == 1 => sorted[length / 2],
        length => f64::midpoint(sorted[length / 2 - 1], sorted[length / 2]),
    }
}

/// The table of what was measured here alone.
pub(super) fn figures(figures: &[Figure]) -> String {
    let mut table = report::table(["figure", "measured", "wanted", ""]);
    for Figure { what, measured, wanted, kept } in figures {
        let verdict = if wanted.is_empty() || *kept { "" } else { "MISSED" };
        table.add_row([Cell::new(what), report::number(measured), report::number(wanted), Cell::new(verdict)]);
    }
    table.trim_fmt()
}

/// The table of comparisons.
pub(super) fn ratios(comparisons: &[Comparison]) -> String {
    let mut table = report::table(["", "ours", "theirs", "theirs / ours", "lowest", "highest", "floor", "target", ""]);
    for comparison in comparisons {
        let lowest = comparison.ratios.iter().copied().fold(f64::INFINITY, f64::min);
        let highest = comparison.ratios.iter().copied().fold(0.0, f64::max);
        let verdict = match comparison.median() {
            ratio if ratio >= comparison.target => "",
            ratio if ratio >= comparison.floor => "below the target",
            _ => "BELOW THE FLOOR",
        };
        table.add_row([
            Cell::new(&comparison.what),
            report::number(&comparison.ours),
            report::number(&comparison.theirs),
            report::number(format!("{:.2}", comparison.median())),
            report::number(format!("{lowest:.2}")),
            report::number(format!("{highest:.2}")),
            report::number(format!("{:.1}", comparison.floor)),
            report::number(format!("{:.1}", comparison.target)),
            Cell::new(verdict),
        ]);
    }
    table.trim_fmt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert!((median(&[3.0, 1.0, 2.0]) - 2.0).abs() < 1e-12);
        assert!((median(&[4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < 1e-12);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn a_bound_that_is_missed_is_said() {
        let figure = |kept| Figure {
            what: "start".to_owned(),
            measured: "12.0 ms".to_owned(),
            wanted: "< 50 ms".to_owned(),
            kept,
        };
        assert!(!figures(&[figure(true)]).contains("MISSED"));
        assert!(figures(&[figure(false)]).contains("MISSED"));
        let ratio = |median: f64| Comparison {
            what: "cnn".to_owned(),
            ours: "30 ms".to_owned(),
            theirs: "33 ms".to_owned(),
            ratios: vec![median],
            floor: 1.0,
            target: 1.5,
        };
        assert!(ratios(&[ratio(0.9)]).contains("BELOW THE FLOOR"));
        assert!(ratios(&[ratio(1.1)]).contains("below the target"));
        assert!(!ratios(&[ratio(1.6)]).to_lowercase().contains("below"));
    }
}
