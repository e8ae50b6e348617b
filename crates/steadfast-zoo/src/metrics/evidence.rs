//! What a validation has seen, as exact sums in a fixed order: every metric is a function of it.

/// What a validation has seen.
#[derive(Debug, Clone, PartialEq)]
pub enum Evidence {
    /// One class for each sample.
    Classes(ClassEvidence),
    /// A row of numbers for each sample.
    Values(ValueEvidence),
    /// The next token, at each position of each sample.
    Tokens(TokenEvidence),
}

impl Evidence {
    /// Samples, or positions of a text, so far.
    pub fn count(&self) -> u64 {
        match self {
            Self::Classes(evidence) => evidence.count,
            Self::Values(evidence) => evidence.count,
            Self::Tokens(evidence) => evidence.count,
        }
    }

    /// Mean loss; not a number when there were no samples.
    pub fn mean_loss(&self) -> f64 {
        match self {
            Self::Classes(evidence) => evidence.loss / evidence.count as f64,
            Self::Values(evidence) => evidence.mean_square(),
            Self::Tokens(evidence) => evidence.loss / evidence.count as f64,
        }
    }
}

/// What classification has seen.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassEvidence {
    classes: usize,
    count: u64,
    loss: f64,
    /// `confusion[target * classes + answer]`, for samples that have an answer.
    confusion: Vec<u64>,
    /// Samples of each class, those without an answer included.
    support: Vec<u64>,
    /// Samples whose class is among the five with the largest scores.
    in_top_five: u64,
    /// Scores and targets of all samples, where a metric needs them.
    kept: Option<(Vec<f32>, Vec<u32>)>,
}

impl ClassEvidence {
    /// Nothing seen yet. Only with `keep_scores` can the area under a curve be computed.
    pub fn new(classes: usize, keep_scores: bool) -> Self {
        Self {
            classes,
            count: 0,
            loss: 0.0,
            confusion: vec![0; classes.saturating_mul(classes)],
            support: vec![0; classes],
            in_top_five: 0,
            kept: keep_scores.then(Default::default),
        }
    }

    /// Takes in more samples: their losses `[samples]`, scores `[samples, classes]`, the larger the likelier, and
    /// targets `[samples]`. Targets that are no class are left out.
    pub fn add(&mut self, losses: &[f32], scores: &[f32], targets: &[u32]) {
        let rows = scores.chunks_exact(self.classes.max(1));
        for ((loss, row), target) in losses.iter().zip(rows).zip(targets) {
            let index = *target as usize;
            let Some(score) = row.get(index) else { continue };
            self.count += 1;
            self.loss += f64::from(*loss);
            self.support[index] += 1;
            if let Some(answer) = answer(row) {
                self.confusion[index * self.classes + answer] += 1;
                let before = |(other, value): (usize, &f32)| *value > *score || (*value >= *score && other < index);
                self.in_top_five += u64::from(row.iter().enumerate().filter(|pair| before(*pair)).count() < 5);
            }
            if let Some((scores, targets)) = &mut self.kept {
                scores.extend_from_slice(row);
                targets.push(*target);
            }
        }
    }

    /// How many classes there are.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// How often the samples of a class were taken for another: a row for each class, a column for each answer.
    pub fn confusion(&self) -> impl Iterator<Item = &[u64]> {
        self.confusion.chunks_exact(self.classes.max(1))
    }

    /// Share of the samples that have the right answer.
    pub fn accuracy(&self) -> f64 {
        (0..self.classes).map(|class| self.hits(class)).sum::<u64>() as f64 / self.count as f64
    }

    /// Share of the samples whose class is among the five with the largest scores.
    pub(super) fn top_five(&self) -> f64 {
        self.in_top_five as f64 / self.count as f64
    }

    /// The mean of `measure(hits, answers, samples)` over the classes that are either a target or an answer.
    pub(super) fn macro_mean(&self, measure: impl Fn(f64, f64, f64) -> f64) -> f64 {
        let mut answers = vec![0_u64; self.classes];
        for row in self.confusion() {
            row.iter().zip(&mut answers).for_each(|(count, sum)| *sum += count);
        }
        let (mut sum, mut present) = (0.0, 0_u64);
        for class in (0..self.classes).filter(|class| self.support[*class] > 0 || answers[*class] > 0) {
            sum += measure(self.hits(class) as f64, answers[class] as f64, self.support[class] as f64);
            present += 1;
        }
        sum / present as f64
    }

    /// Scores and targets of all samples, if they were kept.
    pub(super) fn kept(&self) -> Option<(&[f32], &[u32])> {
        self.kept.as_ref().map(|(scores, targets)| (scores.as_slice(), targets.as_slice()))
    }

    fn hits(&self, class: usize) -> u64 {
        self.confusion[class * self.classes + class]
    }
}

/// What regression or reconstruction has seen.
#[derive(Debug, Clone, PartialEq)]
pub struct ValueEvidence {
    count: u64,
    columns: Vec<Column>,
}

/// Sums over one number of the targets.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Column {
    absolute: f64,
    squares: f64,
    /// The first target: sums of what is far from zero would lose their digits.
    shift: f64,
    shifted: f64,
    shifted_squares: f64,
}

impl ValueEvidence {
    /// Nothing seen yet of targets of so many numbers.
    pub fn new(width: usize) -> Self {
        Self { count: 0, columns: vec![Column::default(); width] }
    }

    /// Takes in more samples: predictions and targets, both `[samples, width]`.
    pub fn add(&mut self, predictions: &[f32], targets: &[f32]) {
        let width = self.columns.len().max(1);
        for (predictions, targets) in predictions.chunks_exact(width).zip(targets.chunks_exact(width)) {
            for ((column, prediction), target) in self.columns.iter_mut().zip(predictions).zip(targets) {
                let (prediction, target) = (f64::from(*prediction), f64::from(*target));
                if self.count == 0 {
                    column.shift = target;
                }
                let (error, shifted) = (prediction - target, target - column.shift);
                column.absolute += error.abs();
                column.squares += error * error;
                column.shifted += shifted;
                column.shifted_squares += shifted * shifted;
            }
            self.count += 1;
        }
    }

    /// The mean of the absolute errors.
    pub(super) fn mean_absolute(&self) -> f64 {
        self.mean(|column| column.absolute)
    }

    /// The mean of the squared errors.
    pub(super) fn mean_square(&self) -> f64 {
        self.mean(|column| column.squares)
    }

    /// The coefficient of determination, the mean over the numbers of a target.
    pub(super) fn determination(&self) -> f64 {
        let count = self.count as f64;
        let of = |column: &Column| {
            let spread = column.shifted_squares - column.shifted * column.shifted / count;
            if spread > 0.0 {
                1.0 - column.squares / spread
            } else {
                // A number that never changes explains nothing, unless it was met exactly.
                f64::from(u8::from(column.squares <= 0.0))
            }
        };
        if self.count == 0 {
            return f64::NAN;
        }
        self.columns.iter().map(of).sum::<f64>() / self.columns.len() as f64
    }

    fn mean(&self, of: impl Fn(&Column) -> f64) -> f64 {
        self.columns.iter().map(of).sum::<f64>() / (self.count as f64 * self.columns.len() as f64)
    }
}

/// What the prediction of next tokens has seen.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenEvidence {
    count: u64,
    loss: f64,
    hits: u64,
    /// Characters of all targets.
    characters: u64,
    /// Characters of each token.
    lengths: Vec<u64>,
}

impl TokenEvidence {
    /// Nothing seen yet of a vocabulary of these texts.
    pub fn new<'a>(vocabulary: impl IntoIterator<Item = &'a String>) -> Self {
        let lengths = vocabulary.into_iter().map(|token| token.chars().count() as u64).collect();
        Self { count: 0, loss: 0.0, hits: 0, characters: 0, lengths }
    }

    /// Takes in more positions: their losses `[positions]`, scores `[positions, vocabulary]` and targets `[positions]`.
    pub fn add(&mut self, losses: &[f32], scores: &[f32], targets: &[u32]) {
        let rows = scores.chunks_exact(self.lengths.len().max(1));
        for ((loss, row), target) in losses.iter().zip(rows).zip(targets) {
            self.count += 1;
            self.loss += f64::from(*loss);
            self.hits += u64::from(answer(row) == Some(*target as usize));
            self.characters += self.lengths.get(*target as usize).copied().unwrap_or_default();
        }
    }

    /// Share of the positions whose next token is the likeliest.
    pub(super) fn accuracy(&self) -> f64 {
        self.hits as f64 / self.count as f64
    }

    /// The loss in bits, spread over the characters of the text.
    pub(super) fn bits_per_character(&self) -> f64 {
        self.loss / std::f64::consts::LN_2 / self.characters as f64
    }
}

/// The first of the largest scores, as with argmax; nothing if one of them is not a number.
pub(crate) fn answer(row: &[f32]) -> Option<usize> {
    let mut best = None;
    for (index, value) in row.iter().enumerate() {
        if value.is_nan() {
            return None;
        }
        if best.is_none_or(|(_, largest)| *value > largest) {
            best = Some((index, *value));
        }
    }
    best.map(|(index, _)| index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_the_first_of_the_largest() {
        assert_eq!(answer(&[1.0, 3.0, 2.0]), Some(1));
        assert_eq!(answer(&[2.0, 2.0, 1.0]), Some(0));
        assert_eq!(answer(&[f32::NEG_INFINITY; 2]), Some(0));
        assert_eq!(answer(&[f32::NAN, 1.0]), None);
        assert_eq!(answer(&[]), None);
    }

    #[test]
    fn batches_of_any_size_give_the_same_bits() {
        let scores: Vec<f32> = (0..60).map(|index| (index * 37 % 101) as f32 / 7.0).collect();
        let targets: Vec<u32> = (0..20).map(|index| index * 7 % 3).collect();
        let losses: Vec<f32> = scores[..20].iter().map(|score| score / 3.0).collect();
        let in_parts = |size: usize| {
            let (mut classes, mut values) = (ClassEvidence::new(3, true), ValueEvidence::new(3));
            for start in (0..20).step_by(size) {
                let end = (start + size).min(20);
                let rows = &scores[3 * start..3 * end];
                classes.add(&losses[start..end], rows, &targets[start..end]);
                values.add(rows, &scores[60 - 3 * end..60 - 3 * start]);
            }
            classes
        };
        assert_eq!(in_parts(1), in_parts(20));
        assert_eq!(in_parts(7), in_parts(20));
    }
}
