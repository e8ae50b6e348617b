//! The columns of a table, as they were read.

use std::path::PathBuf;

use super::super::DataError;

/// Stands for a cell without a word.
pub(in super::super) const MISSING: u32 = u32::MAX;

/// The cells of a column, one for each row.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) enum Column {
    /// Numbers; NaN where there is none.
    Numbers(Vec<f64>),
    /// Words; [`MISSING`] where there is none.
    Words {
        /// Of each row, the place of its word in `names`.
        ids: Vec<u32>,
        /// The different words.
        names: Vec<String>,
    },
}

impl Column {
    /// Whether this row has no value here.
    pub(super) fn is_missing(&self, row: usize) -> bool {
        match self {
            Self::Numbers(numbers) => numbers[row].is_nan(),
            Self::Words { ids, .. } => ids[row] == MISSING,
        }
    }
}

/// A table, all columns of the same length.
#[derive(Clone, Debug)]
pub(in super::super) struct Table {
    /// The file.
    pub(in super::super) path: PathBuf,
    /// The names of the columns, all different.
    pub(in super::super) names: Vec<String>,
    /// The columns.
    pub(in super::super) columns: Vec<Column>,
    /// What a row is called and where each row stands: `line` of a text, `row` of anything else.
    pub(in super::super) place: (&'static str, Vec<u64>),
}

impl Table {
    /// How many rows there are.
    pub(super) fn rows(&self) -> usize {
        self.place.1.len()
    }

    /// The number of the column of this name.
    pub(super) fn find(&self, key: &'static str, name: &str) -> Result<usize, DataError> {
        let absent = || {
            let known: Vec<String> = self.names.iter().map(|name| format!("`{name}`")).collect();
            let problem = format!("{} has no column `{name}`, it has {}", self.path.display(), known.join(", "));
            DataError::Setting { key, problem }
        };
        self.names.iter().position(|known| known == name).ok_or_else(absent)
    }

    /// An error at a cell.
    pub(super) fn at(&self, row: usize, column: usize, problem: impl Into<String>) -> DataError {
        let (word, numbers) = &self.place;
        let number = numbers.get(row).copied().unwrap_or_default();
        let place = format!(", {word} {number}, column `{}`", self.names[column]);
        DataError::Content { path: self.path.clone(), place, problem: problem.into() }
    }

    /// An error about a column.
    pub(super) fn in_column(&self, column: usize, problem: impl Into<String>) -> DataError {
        let place = format!(", column `{}`", self.names[column]);
        DataError::Content { path: self.path.clone(), place, problem: problem.into() }
    }
}
