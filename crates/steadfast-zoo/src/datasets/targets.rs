//! What a model is to learn: a class or numbers for each sample.

use super::DataError;

/// The targets of all samples of a data set.
#[derive(Clone, Debug, PartialEq)]
pub enum Targets {
    /// One class for each sample.
    Classes {
        /// The class of each sample, an index into the names.
        labels: Vec<u32>,
        /// The name of each class; its length is the number of classes.
        class_names: Vec<String>,
    },
    /// A row of numbers for each sample.
    Values {
        /// All rows, one after another.
        values: Vec<f32>,
        /// How many numbers each sample has.
        width: usize,
    },
    /// The token that comes next, for each position of each sample.
    NextTokens {
        /// All rows, one after another.
        values: Vec<u32>,
        /// How many positions each sample has.
        context: usize,
        /// The text of each token; its length is the number of different tokens.
        vocabulary: Vec<String>,
    },
}

impl Targets {
    /// How many samples these are the targets of.
    pub fn len(&self) -> usize {
        match self {
            Self::Classes { labels, .. } => labels.len(),
            Self::Values { values, width } => values.len().checked_div(*width).unwrap_or(0),
            Self::NextTokens { values, context, .. } => values.len().checked_div(*context).unwrap_or(0),
        }
    }

    /// Whether there is no target at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many numbers a model has to give for a sample: one for each class, or one for each
    /// value. For next tokens: for each position, one for each token of the vocabulary.
    pub fn outputs(&self) -> usize {
        match self {
            Self::Classes { class_names, .. } => class_names.len(),
            Self::Values { width, .. } => *width,
            Self::NextTokens { vocabulary, .. } => vocabulary.len(),
        }
    }

    /// What these are, in words.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Classes { .. } => "classes",
            Self::Values { .. } => "values",
            Self::NextTokens { .. } => "next tokens",
        }
    }

    /// Checks what the other parts of this module rely on: labels that have a name, finite values
    /// in full rows.
    pub(super) fn check(&self) -> Result<(), DataError> {
        match self {
            Self::Classes { labels, class_names } => {
                let beyond = |&&label: &&u32| label as usize >= class_names.len();
                match labels.iter().find(beyond) {
                    None => Ok(()),
                    Some(label) => {
                        let classes = class_names.len();
                        let problem = format!("label {label}, but only {classes} class names");
                        Err(DataError::Inconsistent(problem))
                    }
                }
            }
            Self::Values { values, width } => {
                if *width == 0 || values.len() % width != 0 {
                    let problem = format!("{} target values in rows of {width}", values.len());
                    return Err(DataError::Inconsistent(problem));
                }
                match values.iter().position(|value| !value.is_finite()) {
                    None => Ok(()),
                    Some(at) => {
                        let problem = format!("target {} is {}", at / width, values[at]);
                        Err(DataError::Inconsistent(problem))
                    }
                }
            }
            Self::NextTokens { values, context, vocabulary } => {
                if *context == 0 || values.len() % context != 0 {
                    let problem = format!("{} next tokens in rows of {context}", values.len());
                    return Err(DataError::Inconsistent(problem));
                }
                match values.iter().find(|&&token| token as usize >= vocabulary.len()) {
                    None => Ok(()),
                    Some(token) => {
                        let problem = format!("next token {token} in a vocabulary of {}", vocabulary.len());
                        Err(DataError::Inconsistent(problem))
                    }
                }
            }
        }
    }

    /// Why a model made for these targets cannot be validated with others: what it expects and
    /// what it would find.
    pub(super) fn difference(&self, other: &Self) -> Option<(String, String)> {
        match (self, other) {
            (Self::Classes { class_names: ours, .. }, Self::Classes { class_names: theirs, .. }) => {
                let mut classes = theirs.iter().enumerate();
                let (class, name) = classes.find(|(class, name)| ours.get(*class) != Some(name))?;
                let expected = match ours.get(class) {
                    Some(ours) => format!("class {class} to be `{ours}`"),
                    None => format!("no more than {} classes", ours.len()),
                };
                Some((expected, format!("class {class} named `{name}`")))
            }
            (Self::Values { width: ours, .. }, Self::Values { width: theirs, .. }) => {
                let row = |width: &usize| format!("{width} target values for each sample");
                (ours != theirs).then(|| (row(ours), row(theirs)))
            }
            (Self::NextTokens { vocabulary: ours, .. }, Self::NextTokens { vocabulary: theirs, .. }) => {
                let words = |vocabulary: &[String]| format!("a vocabulary of {} tokens", vocabulary.len());
                (ours != theirs).then(|| (words(ours), format!("{}, not the same", words(theirs))))
            }
            _ => Some((self.kind().to_owned(), other.kind().to_owned())),
        }
    }

    /// The targets of these samples, in this order.
    pub(super) fn select(&self, indices: &[usize]) -> Result<Self, DataError> {
        match self {
            Self::Classes { class_names, .. } => {
                let mut labels = Vec::new();
                self.fill_labels(indices, &mut labels)?;
                Ok(Self::Classes { labels, class_names: class_names.clone() })
            }
            Self::Values { width, .. } => {
                let mut values = Vec::new();
                self.fill_values(indices, &mut values)?;
                Ok(Self::Values { values, width: *width })
            }
            Self::NextTokens { context, vocabulary, .. } => {
                let mut values = Vec::new();
                self.fill_next_tokens(indices, &mut values)?;
                Ok(Self::NextTokens { values, context: *context, vocabulary: vocabulary.clone() })
            }
        }
    }

    /// Replaces the content of `out` by the labels of these samples.
    pub(super) fn fill_labels(&self, indices: &[usize], out: &mut Vec<u32>) -> Result<(), DataError> {
        let Self::Classes { labels, .. } = self else {
            return Err(DataError::TargetKind { wanted: "classes", found: self.kind() });
        };
        out.clear();
        out.reserve(indices.len());
        for &index in indices {
            let absent = DataError::NoSuchSample { index, samples: labels.len() };
            out.push(*labels.get(index).ok_or(absent)?);
        }
        Ok(())
    }

    /// Replaces the content of `out` by the next tokens of these samples.
    pub(super) fn fill_next_tokens(&self, indices: &[usize], out: &mut Vec<u32>) -> Result<(), DataError> {
        let Self::NextTokens { values, context, .. } = self else {
            return Err(DataError::TargetKind { wanted: "next tokens", found: self.kind() });
        };
        out.clear();
        out.reserve(indices.len() * context);
        for &index in indices {
            if index >= self.len() {
                return Err(DataError::NoSuchSample { index, samples: self.len() });
            }
            out.extend_from_slice(&values[index * context..][..*context]);
        }
        Ok(())
    }

    /// Replaces the content of `out` by the rows of these samples.
    pub(super) fn fill_values(&self, indices: &[usize], out: &mut Vec<f32>) -> Result<(), DataError> {
        let Self::Values { values, width } = self else {
            return Err(DataError::TargetKind { wanted: "values", found: self.kind() });
        };
        out.clear();
        out.reserve(indices.len() * width);
        for &index in indices {
            if index >= self.len() {
                return Err(DataError::NoSuchSample { index, samples: self.len() });
            }
            out.extend_from_slice(&values[index * width..][..*width]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(labels: &[u32], names: &[&str]) -> Targets {
        let class_names = names.iter().map(ToString::to_string).collect();
        Targets::Classes { labels: labels.to_vec(), class_names }
    }

    #[test]
    fn contradictions_are_found() {
        let cases = [
            (classes(&[0, 2, 1], &["a", "b"]), "label 2, but only 2 class names"),
            (Targets::Values { values: vec![1.0; 5], width: 2 }, "5 target values in rows of 2"),
            (Targets::Values { values: vec![], width: 0 }, "0 target values in rows of 0"),
            (Targets::Values { values: vec![0.0, 1.0, 2.0, f32::NAN], width: 2 }, "target 1 is NaN"),
        ];
        for (targets, expected) in cases {
            let message = targets.check().unwrap_err().to_string();
            assert_eq!(message, format!("inconsistent data: {expected}"));
        }
        classes(&[0, 1], &["a", "b"]).check().unwrap();
    }

    #[test]
    fn rows_are_gathered_in_the_order_asked_for() {
        let values = Targets::Values { values: vec![0.0, 1.0, 10.0, 11.0, 20.0, 21.0], width: 2 };
        let mut out = vec![99.0];
        values.fill_values(&[2, 0], &mut out).unwrap();
        assert_eq!(out, [20.0, 21.0, 0.0, 1.0]);

        let labels = classes(&[2, 0, 1], &["a", "b", "c"]);
        let mut out = vec![99];
        labels.fill_labels(&[1, 1, 0], &mut out).unwrap();
        assert_eq!(out, [0, 0, 2]);
        assert_eq!(labels.select(&[2]).unwrap(), classes(&[1], &["a", "b", "c"]));
    }

    #[test]
    fn what_is_not_there_is_an_error() {
        let labels = classes(&[0], &["a"]);
        let values = Targets::Values { values: vec![1.0], width: 1 };
        let mut out = Vec::new();
        assert!(labels.fill_values(&[0], &mut Vec::new()).is_err());
        assert!(values.fill_labels(&[0], &mut out).is_err());
        let message = labels.fill_labels(&[1], &mut out).unwrap_err().to_string();
        assert_eq!(message, "sample 1 of 1 does not exist");
        assert!(values.fill_values(&[1], &mut Vec::new()).is_err());
    }
}
