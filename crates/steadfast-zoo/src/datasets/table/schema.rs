//! What the columns of a training table mean, and the samples that tables become by it.

use std::collections::BTreeSet;

use super::super::{DataError, Dataset, FeatureValues, Features, Targets};
use super::columns::{Column, MISSING, Table};
use crate::data_config::{DataConfig, Missing, TargetTask};

/// A column of words has at most so many different ones: each becomes an input.
const MAX_CATEGORIES: usize = 1000;

/// Up to so many different whole numbers are classes.
const FEW_NUMBERS: usize = 20;

/// Targets have at most so many classes.
const MAX_CLASSES: usize = 1 << 16;

/// Stands for a missing word among the categories.
const MISSING_NAME: &str = "(missing)";

/// What is known of a training table.
pub(in super::super) struct Schema {
    names: Vec<String>,
    inputs: Vec<(usize, Input)>,
    target: (usize, Target),
    missing: Missing,
}

/// How a column becomes inputs.
enum Input {
    /// One number; this one where there is none.
    Number { fill: f64 },
    /// A number for each word, 1 for the one that it is.
    Words(Vec<String>),
}

/// How a column becomes targets.
enum Target {
    /// Words, or numbers as words.
    Classes(Vec<String>),
    /// Values.
    Value,
}

impl Schema {
    /// Looks at a training table.
    pub(in super::super) fn learn(table: &Table, config: &DataConfig) -> Result<Self, DataError> {
        if table.rows() == 0 {
            let problem = "a table without rows".to_owned();
            return Err(DataError::Content { path: table.path.clone(), place: String::new(), problem });
        }
        let target = match &config.target {
            Some(name) => table.find("target", name)?,
            None => table.names.len().saturating_sub(1),
        };
        let ignored = config.ignore.iter().map(|name| table.find("ignore", name)).collect::<Result<Vec<_>, _>>()?;
        let used = (0..table.names.len()).filter(|column| *column != target && !ignored.contains(column));
        let mut inputs = Vec::new();
        for column in used {
            inputs.push((column, input(table, column, config.missing)?));
        }
        if inputs.is_empty() {
            return Err(table.in_column(target, "no column beside the target is left to learn from"));
        }
        let target = (target, learnt(table, target, config)?);
        Ok(Self { names: table.names.clone(), inputs, target, missing: config.missing })
    }

    /// The samples that a table becomes.
    pub(in super::super) fn apply(&self, table: &Table) -> Result<Dataset, DataError> {
        if table.names != self.names {
            let words = |names: &[String]| format!("the columns {}", names.join(", "));
            let (expected, found) = (words(&self.names), words(&table.names));
            return Err(DataError::Unlike { path: table.path.clone(), expected, found });
        }
        let rows = self.kept_rows(table)?;
        let width: usize = self.inputs.iter().map(|(_, input)| input.width()).sum();
        let mut values: Vec<f32> = Vec::new();
        let bytes = rows.len().saturating_mul(width).saturating_mul(size_of::<f32>());
        let refused = |_| DataError::OutOfMemory { path: table.path.clone(), bytes: bytes as u64 };
        values.try_reserve_exact(rows.len().saturating_mul(width)).map_err(refused)?;
        for &row in &rows {
            for (column, input) in &self.inputs {
                input.append(table, row, *column, &mut values)?;
            }
        }
        let targets = self.targets(table, &rows)?;
        Dataset::new(Features::new(FeatureValues::Floats(values), vec![width])?, targets)
    }

    /// The rows that no rule leaves out.
    fn kept_rows(&self, table: &Table) -> Result<Vec<usize>, DataError> {
        let used: Vec<usize> = self.inputs.iter().map(|(column, _)| *column).chain([self.target.0]).collect();
        let mut kept = Vec::new();
        for row in 0..table.rows() {
            let hole = used.iter().copied().find(|&column| table.columns[column].is_missing(row));
            match (hole, self.missing) {
                (Some(_), Missing::Drop) => {}
                (Some(column), Missing::Refuse) => {
                    return Err(table.at(row, column, "no value; `data.missing` says what is to be done about it"));
                }
                (Some(_), Missing::Mean | Missing::Median) if table.columns[self.target.0].is_missing(row) => {
                    return Err(table.at(row, self.target.0, "no target; `data.missing` \"drop\" leaves the row out"));
                }
                (None, _) | (Some(_), Missing::Mean | Missing::Median) => kept.push(row),
            }
        }
        if kept.is_empty() {
            let problem = "every row has a cell without a value".to_owned();
            return Err(DataError::Content { path: table.path.clone(), place: String::new(), problem });
        }
        Ok(kept)
    }

    fn targets(&self, table: &Table, rows: &[usize]) -> Result<Targets, DataError> {
        let (column, target) = &self.target;
        match target {
            Target::Classes(class_names) => {
                let labels = rows.iter().map(|&row| {
                    let word = word(table, row, *column);
                    let class = class_names.iter().position(|name| *name == word);
                    let unknown = || table.at(row, *column, format!("`{word}` is no class of the training data"));
                    class.and_then(|class| u32::try_from(class).ok()).ok_or_else(unknown)
                });
                Ok(Targets::Classes { labels: labels.collect::<Result<_, _>>()?, class_names: class_names.clone() })
            }
            Target::Value => {
                let Column::Numbers(numbers) = &table.columns[*column] else {
                    return Err(table.in_column(*column, "words where numbers are to be predicted"));
                };
                let values = rows.iter().map(|&row| narrow(table, row, *column, numbers[row]));
                Ok(Targets::Values { values: values.collect::<Result<_, _>>()?, width: 1 })
            }
        }
    }
}

impl Input {
    fn width(&self) -> usize {
        match self {
            Self::Number { .. } => 1,
            Self::Words(names) => names.len(),
        }
    }

    fn append(&self, table: &Table, row: usize, column: usize, out: &mut Vec<f32>) -> Result<(), DataError> {
        match (self, &table.columns[column]) {
            (Self::Number { fill }, Column::Numbers(numbers)) => {
                let number = if numbers[row].is_nan() { *fill } else { numbers[row] };
                out.push(narrow(table, row, column, number)?);
            }
            (Self::Words(names), Column::Words { ids, names: own }) => {
                let word = if ids[row] == MISSING { MISSING_NAME } else { own[ids[row] as usize].as_str() };
                let Ok(place) = names.binary_search_by(|name| name.as_str().cmp(word)) else {
                    return Err(table.at(row, column, format!("`{word}` does not occur in the training data")));
                };
                out.extend((0..names.len()).map(|at| if at == place { 1.0 } else { 0.0 }));
            }
            (Self::Number { .. }, Column::Words { .. }) => {
                return Err(table.in_column(column, "words where the training data has numbers"));
            }
            (Self::Words(_), Column::Numbers(_)) => {
                return Err(table.in_column(column, "numbers where the training data has words"));
            }
        }
        Ok(())
    }
}

/// A number as `f32`, if it has one.
#[expect(clippy::cast_possible_truncation, reason = "rounded to f32 and checked")]
fn narrow(table: &Table, row: usize, column: usize, number: f64) -> Result<f32, DataError> {
    let value = number as f32;
    if value.is_finite() {
        return Ok(value);
    }
    Err(table.at(row, column, format!("{number:e} is beyond the range of f32")))
}

/// The cell as the name of a class.
fn word(table: &Table, row: usize, column: usize) -> String {
    match &table.columns[column] {
        Column::Numbers(numbers) => numbers[row].to_string(),
        Column::Words { ids, names } => names.get(ids[row] as usize).cloned().unwrap_or_default(),
    }
}

fn input(table: &Table, column: usize, missing: Missing) -> Result<Input, DataError> {
    match &table.columns[column] {
        Column::Numbers(numbers) => {
            let mut there: Vec<f64> = numbers.iter().copied().filter(|number| !number.is_nan()).collect();
            if there.is_empty() {
                return Err(table.in_column(column, "no value at all; `data.ignore` leaves the column out"));
            }
            let fill = match missing {
                Missing::Mean => there.iter().sum::<f64>() / there.len() as f64,
                Missing::Median => median(&mut there),
                Missing::Refuse | Missing::Drop => f64::NAN,
            };
            Ok(Input::Number { fill })
        }
        Column::Words { ids, names } => {
            let mut names = names.clone();
            if matches!(missing, Missing::Mean | Missing::Median) && ids.contains(&MISSING) {
                names.push(MISSING_NAME.to_owned());
            }
            names.sort_unstable();
            names.dedup();
            if names.len() > MAX_CATEGORIES {
                let problem = format!(
                    "{} different words are too many for inputs of their own; `data.ignore` leaves the column out",
                    names.len()
                );
                return Err(table.in_column(column, problem));
            }
            Ok(Input::Words(names))
        }
    }
}

fn median(numbers: &mut [f64]) -> f64 {
    numbers.sort_unstable_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    if numbers.len() % 2 == 1 { numbers[middle] } else { f64::midpoint(numbers[middle - 1], numbers[middle]) }
}

/// What is learnt of the target column.
fn learnt(table: &Table, column: usize, config: &DataConfig) -> Result<Target, DataError> {
    match (&table.columns[column], config.task) {
        (Column::Words { .. }, TargetTask::Regression) => {
            Err(table.in_column(column, "words cannot be predicted as values"))
        }
        (Column::Words { names, .. }, _) => {
            let mut names = names.clone();
            names.sort_unstable();
            classes(table, column, names)
        }
        (Column::Numbers(numbers), task) => {
            let there: Vec<f64> = numbers.iter().copied().filter(|number| !number.is_nan()).collect();
            let different: BTreeSet<u64> = there.iter().map(|number| order_key(*number)).collect();
            let whole = there.iter().all(|number| number.fract() == 0.0);
            let few = different.len() <= FEW_NUMBERS && 2 * different.len() <= there.len();
            if task == TargetTask::Classification || (task == TargetTask::Auto && whole && few) {
                let mut sorted = there;
                sorted.sort_unstable_by(f64::total_cmp);
                sorted.dedup();
                return classes(table, column, sorted.iter().map(ToString::to_string).collect());
            }
            Ok(Target::Value)
        }
    }
}

/// Equal numbers, equal keys: 0 and -0 are one.
fn order_key(number: f64) -> u64 {
    (number + 0.0).to_bits()
}

fn classes(table: &Table, column: usize, names: Vec<String>) -> Result<Target, DataError> {
    if names.len() > MAX_CLASSES {
        return Err(table.in_column(column, format!("{} classes are too many", names.len())));
    }
    Ok(Target::Classes(names))
}
