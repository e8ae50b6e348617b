//! The cells of Parquet files, gathered column by column.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use parquet::record::Field;
use serde_json::Value;

use super::parquet_file::image_bytes;
use super::table::{Column, MISSING, Table};
use super::{DataError, Targets};
use crate::data_config::DataConfig;

/// Class labels run from 0 to below this.
const MAX_CLASSES: f64 = 65_536.0;

/// What labels are called if nobody says otherwise.
const USUAL_LABELS: [&str; 4] = ["label", "labels", "fine_label", "class"];

/// Everything that was read so far.
#[derive(Default)]
pub(super) struct Columns {
    path: PathBuf,
    names: Vec<String>,
    cells: Vec<Cells>,
    rows: Vec<u64>,
    /// File, row and content of each image.
    pub(super) images: Vec<(PathBuf, usize, Vec<u8>)>,
    /// The names of the classes of a column.
    class_names: BTreeMap<String, Vec<String>>,
}

/// A column while it is read.
enum Cells {
    /// Nothing but missing cells until now, so many.
    Unknown(usize),
    Numbers(Vec<f64>),
    Words {
        ids: Vec<u32>,
        names: Vec<String>,
        known: BTreeMap<String, u32>,
    },
    /// Its cells are among the images.
    Images,
    /// Nothing that can be used, with what it is.
    Other(&'static str),
}

impl Columns {
    /// Takes what Hugging Face's `datasets` writes about the columns, as far as it is there.
    pub(super) fn describe(&mut self, text: &str) {
        let Ok(described) = serde_json::from_str::<Value>(text) else { return };
        let Some(features) = described["info"]["features"].as_object() else { return };
        for (column, feature) in features {
            let Some(names) = feature["names"].as_array() else { continue };
            let names: Option<Vec<String>> = names.iter().map(|name| name.as_str().map(str::to_owned)).collect();
            if let Some(names) = names {
                self.class_names.entry(column.clone()).or_insert(names);
            }
        }
    }

    /// Adds a row.
    pub(super) fn push(&mut self, path: &Path, row: usize, fields: Vec<(String, Field)>) -> Result<(), String> {
        if self.names.is_empty() {
            path.clone_into(&mut self.path);
            self.names = fields.iter().map(|(name, _)| name.clone()).collect();
            self.cells = fields.iter().map(|_| Cells::Unknown(0)).collect();
        }
        if !fields.iter().map(|(name, _)| name).eq(&self.names) {
            return Err("other columns than in the rows before".to_owned());
        }
        for (column, (name, field)) in fields.into_iter().enumerate() {
            if let Some(bytes) = image_bytes(&field) {
                self.push_image(column, (path.to_path_buf(), row, bytes))?;
            } else {
                self.cells[column].push(field).map_err(|problem| format!("column `{name}`: {problem}"))?;
            }
        }
        self.rows.push(row as u64);
        Ok(())
    }

    fn push_image(&mut self, column: usize, image: (PathBuf, usize, Vec<u8>)) -> Result<(), String> {
        let other = self.cells.iter().enumerate().any(|(at, cells)| at != column && matches!(cells, Cells::Images));
        match &self.cells[column] {
            Cells::Unknown(0) if other => self.cells[column] = Cells::Other("a second column of images"),
            Cells::Unknown(0) => self.cells[column] = Cells::Images,
            Cells::Images | Cells::Other(_) => {}
            _ => return Err(format!("column `{}`: an image among cells without one", self.names[column])),
        }
        if matches!(self.cells[column], Cells::Images) {
            self.images.push(image);
        }
        Ok(())
    }

    /// The columns of numbers and words.
    pub(super) fn into_table(self) -> Result<Table, DataError> {
        let mut columns = Vec::new();
        for (name, cells) in self.names.iter().zip(self.cells) {
            let problem = |problem: &str| DataError::Content {
                path: self.path.clone(),
                place: format!(", column `{name}`"),
                problem: problem.to_owned(),
            };
            columns.push(match cells {
                Cells::Numbers(numbers) => Column::Numbers(numbers),
                Cells::Words { ids, names, .. } => Column::Words { ids, names },
                Cells::Unknown(rows) => Column::Numbers(vec![f64::NAN; rows]),
                Cells::Images => return Err(problem("bytes where numbers or words should be")),
                Cells::Other(what) => return Err(problem(&format!("{what} cannot be learnt from"))),
            });
        }
        Ok(Table { path: self.path, names: self.names, columns, place: ("row", self.rows) })
    }
}

impl Cells {
    fn push(&mut self, field: Field) -> Result<(), String> {
        let field = match cell(field) {
            Ok(field) => field,
            Err(what) => {
                *self = Self::Other(what);
                return Ok(());
            }
        };
        if let Self::Unknown(missing) = *self {
            match field {
                Cell::Missing => {
                    *self = Self::Unknown(missing + 1);
                    return Ok(());
                }
                Cell::Number(_) => *self = Self::Numbers(vec![f64::NAN; missing]),
                Cell::Word(_) => {
                    let ids = vec![MISSING; missing];
                    *self = Self::Words { ids, names: Vec::new(), known: BTreeMap::new() };
                }
            }
        }
        match (self, field) {
            (Self::Numbers(numbers), Cell::Number(number)) => numbers.push(number),
            (Self::Numbers(numbers), Cell::Missing) => numbers.push(f64::NAN),
            (Self::Words { ids, .. }, Cell::Missing) => ids.push(MISSING),
            (Self::Words { ids, names, known }, Cell::Word(word)) => {
                let next = u32::try_from(names.len()).map_err(|_| "too many different words".to_owned())?;
                let id = *known.entry(word.clone()).or_insert(next);
                if id == next {
                    names.push(word);
                }
                ids.push(id);
            }
            (Self::Other(_), _) => {}
            _ => return Err("a cell of another type than those before".to_owned()),
        }
        Ok(())
    }
}

/// A cell that can be learnt from.
enum Cell {
    Missing,
    Number(f64),
    Word(String),
}

/// What is in a cell, or what it is if it cannot be used.
fn cell(field: Field) -> Result<Cell, &'static str> {
    Ok(match field {
        Field::Null => Cell::Missing,
        Field::Bool(value) => Cell::Number(f64::from(u8::from(value))),
        Field::Byte(value) => Cell::Number(value.into()),
        Field::Short(value) => Cell::Number(value.into()),
        Field::Int(value) => Cell::Number(value.into()),
        Field::Long(value) => Cell::Number(value as f64),
        Field::UByte(value) => Cell::Number(value.into()),
        Field::UShort(value) => Cell::Number(value.into()),
        Field::UInt(value) => Cell::Number(value.into()),
        Field::ULong(value) => Cell::Number(value as f64),
        Field::Float16(value) => finite(value.into()),
        Field::Float(value) => finite(value.into()),
        Field::Double(value) => finite(value),
        Field::Str(value) => Cell::Word(value),
        Field::Group(_) => return Err("groups"),
        Field::ListInternal(_) => return Err("lists"),
        Field::MapInternal(_) => return Err("maps"),
        _ => return Err("dates, times and decimals"),
    })
}

/// A number that is none counts as missing, as in a table of text.
fn finite(value: f64) -> Cell {
    if value.is_finite() { Cell::Number(value) } else { Cell::Missing }
}

/// The classes of images.
pub(super) fn labels_of(columns: &Columns, config: &DataConfig) -> Result<Targets, DataError> {
    let names = columns.names.clone();
    let path = columns.path.clone();
    let usual = || USUAL_LABELS.into_iter().find(|usual| names.iter().any(|name| name == usual)).map(str::to_owned);
    let target = config.target.clone().or_else(usual);
    let column = target.as_ref().and_then(|target| names.iter().position(|name| name == target));
    let Some(column) = column else {
        let problem = format!("{} has the columns {}; which one is to be learnt?", path.display(), names.join(", "));
        return Err(DataError::Setting { key: "target", problem });
    };
    let at = |row: u64, problem: String| DataError::Content {
        path: path.clone(),
        place: format!(", row {row}, column `{}`", names[column]),
        problem,
    };
    match &columns.cells[column] {
        Cells::Numbers(numbers) => {
            let given = columns.class_names.get(&names[column]);
            let most = given.map_or(MAX_CLASSES, |names| names.len() as f64);
            let mut labels = Vec::with_capacity(numbers.len());
            for (&row, &number) in columns.rows.iter().zip(numbers) {
                if !((0.0..most).contains(&number) && number.fract() == 0.0) {
                    return Err(at(row, format!("label {number}, not a class from 0 to {}", most - 1.0)));
                }
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked above")]
                labels.push(number as u32);
            }
            let classes = labels.iter().max().map_or(0, |label| label + 1);
            let numbered = || (0..classes).map(|class| class.to_string()).collect();
            Ok(Targets::Classes { labels, class_names: given.cloned().unwrap_or_else(numbered) })
        }
        Cells::Words { ids, names: words, .. } => {
            let mut sorted = words.clone();
            sorted.sort_unstable();
            let mut labels = Vec::with_capacity(ids.len());
            for (&row, &id) in columns.rows.iter().zip(ids) {
                let word = words.get(id as usize).ok_or_else(|| at(row, "no label".to_owned()))?;
                labels.push(u32::try_from(sorted.partition_point(|known| known < word)).unwrap_or(u32::MAX));
            }
            Ok(Targets::Classes { labels, class_names: sorted })
        }
        _ => Err(at(0, "no labels".to_owned())),
    }
}
