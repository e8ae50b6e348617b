//! A small forest of regression trees over parameters that take a handful of values.
//!
//! Trees are grown on bootstrap samples drawn by a generator with a fixed seed, every parameter a candidate at every
//! split, to leaves that cannot be split further; what a leaf covers is a box in the space of all parameters.

/// Trees in a forest; as many as Optuna grows for the same purpose.
const TREES: u64 = 64;

/// Rows that a tree is grown on at most, so that a thousand runs cost no more than a moment.
const MOST_ROWS: usize = 400;

/// Nothing that people tune needs deeper trees.
const DEEPEST: usize = 32;

/// One parameter of all runs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Feature {
    /// How many values it takes.
    pub(crate) levels: usize,
    /// Which of them each run has.
    pub(crate) level_of: Vec<usize>,
    /// Whether the levels have an order: then splits are between neighbors, else one level against the rest.
    pub(crate) ordered: bool,
}

/// A box in the space of all parameters, and the mean of the runs in it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Leaf {
    /// For each parameter the levels inside.
    pub(crate) inside: Vec<Vec<bool>>,
    pub(crate) mean: f64,
}

/// Grows the trees; each is the list of its leaves.
pub(crate) fn grow(features: &[Feature], target: &[f64]) -> Vec<Vec<Leaf>> {
    (0..TREES).map(|number| Tree { features, target, leaves: Vec::new() }.grow(number)).collect()
}

struct Tree<'a> {
    features: &'a [Feature],
    target: &'a [f64],
    leaves: Vec<Leaf>,
}

/// The best way found to part some rows.
struct Split {
    feature: usize,
    level: usize,
    gain: f64,
}

impl Tree<'_> {
    fn grow(mut self, number: u64) -> Vec<Leaf> {
        let mut generator = Generator(number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let count = self.target.len();
        let rows: Vec<usize> = (0..count.min(MOST_ROWS)).map(|_| generator.below(count)).collect();
        let everything = self.features.iter().map(|feature| vec![true; feature.levels]).collect();
        self.part(&rows, everything, 0);
        self.leaves
    }

    fn part(&mut self, rows: &[usize], inside: Vec<Vec<bool>>, depth: usize) {
        let best = if depth < DEEPEST { self.best_split(rows) } else { None };
        let Some(Split { feature, level, .. }) = best else {
            let mean = rows.iter().map(|row| self.target[*row]).sum::<f64>() / rows.len().max(1) as f64;
            return self.leaves.push(Leaf { inside, mean });
        };
        let shape = &self.features[feature];
        let goes_left = |at: usize| if shape.ordered { at <= level } else { at == level };
        let (left, right): (Vec<usize>, Vec<usize>) = rows.iter().partition(|row| goes_left(shape.level_of[**row]));
        let side = |wanted: bool| {
            let mut inside = inside.clone();
            for (at, is_inside) in inside[feature].iter_mut().enumerate() {
                *is_inside &= goes_left(at) == wanted;
            }
            inside
        };
        let (left_side, right_side) = (side(true), side(false));
        self.part(&left, left_side, depth + 1);
        self.part(&right, right_side, depth + 1);
    }

    /// The split that takes most from the squared error; the first of equal ones.
    fn best_split(&self, rows: &[usize]) -> Option<Split> {
        let mut best: Option<Split> = None;
        let all = rows.iter().map(|row| self.target[*row]).sum::<f64>();
        let base = all * all / rows.len() as f64;
        for (index, feature) in self.features.iter().enumerate() {
            let mut levels: Vec<(f64, f64)> = vec![(0.0, 0.0); feature.levels];
            for &row in rows {
                let (count, sum) = &mut levels[feature.level_of[row]];
                *count += 1.0;
                *sum += self.target[row];
            }
            let (mut count, mut sum) = (0.0, 0.0);
            for (level, (more, add)) in levels.iter().enumerate() {
                (count, sum) = if feature.ordered { (count + more, sum + add) } else { (*more, *add) };
                let rest = rows.len() as f64 - count;
                if *more == 0.0 || count == 0.0 || rest == 0.0 {
                    continue;
                }
                let gain = sum * sum / count + (all - sum) * (all - sum) / rest - base;
                if gain > best.as_ref().map_or(1e-9, |best| best.gain) {
                    best = Some(Split { feature: index, level, gain });
                }
            }
        }
        best
    }
}

/// `SplitMix64`: the same numbers in every process.
struct Generator(u64);

impl Generator {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        usize::try_from(bits % limit.max(1) as u64).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_cover_every_point_exactly_once() {
        let ordered = Feature { levels: 4, level_of: (0..16).map(|row| row % 4).collect(), ordered: true };
        let named = Feature { levels: 4, level_of: (0..16).map(|row| row / 4).collect(), ordered: false };
        let target: Vec<f64> = (0..16).map(|row| f64::from(row * row % 7)).collect();
        for leaves in grow(&[ordered, named], &target) {
            for (a, b) in (0..4).flat_map(|a| (0..4).map(move |b| (a, b))) {
                assert_eq!(leaves.iter().filter(|leaf| leaf.inside[0][a] && leaf.inside[1][b]).count(), 1, "{a} {b}");
            }
        }
    }

    #[test]
    fn a_target_that_never_changes_is_not_split() {
        let feature = Feature { levels: 3, level_of: vec![0, 1, 2], ordered: true };
        assert!(grow(&[feature], &[2.0; 3]).iter().all(|leaves| leaves.len() == 1));
    }
}
