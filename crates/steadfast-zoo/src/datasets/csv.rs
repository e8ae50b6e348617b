//! Tables of comma-separated values: a file, or a folder with `train.csv` and perhaps others.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use csv::{ByteRecord, ReaderBuilder};

use super::byte_source::ByteSource;
use super::format::unrecognized;
use super::listing::file_names;
use super::parts::{Part, Parts};
use super::table::{Column, MISSING, Schema, Table};
use super::{DataError, DatasetEntry, Format, LoadedData, Source};

/// The row of this format in the table of formats.
pub(super) const ENTRY: DatasetEntry = DatasetEntry {
    format: Format::Csv,
    name: "csv",
    summary: "tables of comma-separated values with a line of column names",
    looks_for: "a file `*.csv` or `*.tsv`, or a folder with `train.csv`",
    keys: &["target", "task", "ignore", "missing"],
    reads_validation: true,
    detect,
    load,
};

/// The largest file that is read, decompressed.
const MAX_BYTES: u64 = 1 << 33;

/// What stands in a cell that has no value.
const NO_VALUE: [&str; 9] = ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?"];

/// A word may be so long in a message.
const SHOWN: usize = 40;

fn detect(path: &Path) -> Result<bool, DataError> {
    if path.is_dir() {
        return Ok(!places(path)?.is_empty());
    }
    Ok(path.is_file() && path.file_name().is_some_and(|name| is_table(&name.to_string_lossy())))
}

fn is_table(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let name = Path::new(name.strip_suffix(".gz").unwrap_or(&name));
    name.extension().is_some_and(|extension| extension == "csv" || extension == "tsv")
}

/// The tables of a folder by the parts that they hold.
fn places(folder: &Path) -> Result<Vec<(Part, PathBuf)>, DataError> {
    let mut places: Vec<(Part, PathBuf)> = Vec::new();
    for name in file_names(folder)?.into_iter().filter(|name| is_table(name)) {
        let Some(part) = Part::of_file(&name) else { continue };
        if let Some((_, first)) = places.iter().find(|(known, _)| *known == part) {
            let first = first.file_name().unwrap_or_default().to_string_lossy().into_owned();
            return Err(DataError::Ambiguous { folder: folder.to_path_buf(), first, second: name });
        }
        places.push((part, folder.join(name)));
    }
    if !places.iter().any(|(part, _)| *part == Part::Train) {
        places.clear();
    }
    Ok(places)
}

fn load(source: &Source<'_>) -> Result<LoadedData, DataError> {
    let path = source.path;
    let places = if path.is_dir() { places(path)? } else { vec![(Part::Train, path.to_path_buf())] };
    if places.is_empty() || !path.exists() {
        return Err(unrecognized(path, ENTRY.looks_for.to_owned()));
    }
    let mut parts = Parts::new(&places);
    parts.replace_validation(source.validation)?;
    let table = read(&parts.train, None)?;
    let schema = Schema::learn(&table, source.config)?;
    let mut datasets = vec![schema.apply(&table)?];
    for part in parts.others() {
        datasets.push(schema.apply(&read(part, Some(&table))?)?);
    }
    parts.loaded(datasets, None)
}

/// Reads a table; a column is one of words if it is in `like`, else if any cell is no number.
fn read(path: &Path, like: Option<&Table>) -> Result<Table, DataError> {
    let bytes = ByteSource::open(path)?.read_all(MAX_BYTES)?;
    let text = Text { path, bytes: bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes) };
    let names = text.names()?;
    let mut is_words = vec![false; names.len()];
    match like {
        Some(like) if like.names == names => {
            is_words = like.columns.iter().map(|column| matches!(column, Column::Words { .. })).collect();
        }
        _ => text.each_row(names.len(), |_, cells| {
            for (is_words, cell) in is_words.iter_mut().zip(cells) {
                *is_words |= !NO_VALUE.contains(cell) && number(cell).is_none();
            }
            Ok(())
        })?,
    }
    let mut builders: Vec<Builder> = is_words.iter().map(|&is_words| Builder::new(is_words)).collect();
    let mut lines = Vec::new();
    text.each_row(names.len(), |line, cells| {
        lines.push(line);
        for ((builder, cell), name) in builders.iter_mut().zip(cells).zip(&names) {
            builder.push(cell).map_err(|problem| text.at(line, &format!(", column `{name}`"), problem))?;
        }
        Ok(())
    })?;
    let columns = builders.into_iter().map(Builder::finish).collect();
    Ok(Table { path: path.to_path_buf(), names, columns, place: ("line", lines) })
}

fn number(cell: &str) -> Option<f64> {
    cell.parse::<f64>().ok().filter(|number| number.is_finite())
}

/// The text of a table.
struct Text<'a> {
    path: &'a Path,
    bytes: &'a [u8],
}

impl Text<'_> {
    fn at(&self, line: u64, more: &str, problem: String) -> DataError {
        DataError::Content { path: self.path.to_path_buf(), place: format!(", line {line}{more}"), problem }
    }

    fn reader(&self) -> csv::Reader<&[u8]> {
        let name = self.path.to_string_lossy().to_ascii_lowercase();
        let delimiter = if name.contains(".tsv") { b'\t' } else { b',' };
        ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(self.bytes)
    }

    fn next(&self, reader: &mut csv::Reader<&[u8]>, record: &mut ByteRecord) -> Result<bool, DataError> {
        let failed = |error: csv::Error| {
            let line = error.position().map_or(0, csv::Position::line);
            self.at(line, "", error.to_string())
        };
        reader.read_byte_record(record).map_err(failed)
    }

    /// The names of the columns.
    fn names(&self) -> Result<Vec<String>, DataError> {
        let mut record = ByteRecord::new();
        if !self.next(&mut self.reader(), &mut record)? {
            return Err(self.at(1, "", "no line of column names".to_owned()));
        }
        let cells = self.cells(&record, 1)?;
        if cells.iter().all(|cell| number(cell).is_some()) {
            return Err(self.at(1, "", "numbers where the names of the columns should stand".to_owned()));
        }
        let or_number = |(at, name): (usize, &&str)| {
            if name.is_empty() { format!("column {}", at + 1) } else { (*name).to_owned() }
        };
        let names: Vec<String> = cells.iter().enumerate().map(or_number).collect();
        match names.iter().enumerate().find(|(at, name)| names[..*at].contains(name)) {
            None => Ok(names),
            Some((_, twice)) => Err(self.at(1, "", format!("two columns have the name `{twice}`"))),
        }
    }

    fn cells<'r>(&self, record: &'r ByteRecord, line: u64) -> Result<Vec<&'r str>, DataError> {
        let cell = |bytes: &'r [u8]| {
            let text = std::str::from_utf8(bytes).map_err(|_| self.at(line, "", "bytes that are no UTF-8".to_owned()));
            text.map(str::trim)
        };
        record.iter().map(cell).collect()
    }

    /// The line in which a record begins; the reader tells where it looked for it, before empty lines.
    fn line_of(&self, record: &ByteRecord) -> u64 {
        let Some(position) = record.position() else { return 0 };
        let start = usize::try_from(position.byte()).unwrap_or(usize::MAX);
        let empty = self.bytes.get(start..).unwrap_or_default().iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
        position.line() + empty.filter(|byte| **byte == b'\n').count() as u64
    }

    /// Calls `take` with the line and the cells of each row below the names.
    fn each_row(
        &self,
        width: usize,
        mut take: impl FnMut(u64, &[&str]) -> Result<(), DataError>,
    ) -> Result<(), DataError> {
        let mut reader = self.reader();
        let mut record = ByteRecord::new();
        let mut is_row = false;
        while self.next(&mut reader, &mut record)? {
            if is_row {
                let line = self.line_of(&record);
                if record.len() != width {
                    return Err(self.at(line, "", format!("{} cells under {width} column names", record.len())));
                }
                take(line, &self.cells(&record, line)?)?;
            }
            is_row = true;
        }
        Ok(())
    }
}

/// A column that is being read.
enum Builder {
    Numbers(Vec<f64>),
    Words { ids: Vec<u32>, known: BTreeMap<String, u32> },
}

impl Builder {
    fn new(is_words: bool) -> Self {
        if is_words { Self::Words { ids: Vec::new(), known: BTreeMap::new() } } else { Self::Numbers(Vec::new()) }
    }

    fn push(&mut self, cell: &str) -> Result<(), String> {
        let missing = NO_VALUE.contains(&cell);
        match self {
            Self::Numbers(numbers) if missing => numbers.push(f64::NAN),
            Self::Numbers(numbers) => {
                let shown: String = cell.chars().take(SHOWN).collect();
                numbers.push(number(cell).ok_or_else(|| format!("`{shown}` is no number"))?);
            }
            Self::Words { ids, .. } if missing => ids.push(MISSING),
            Self::Words { ids, known } => {
                let next = u32::try_from(known.len()).map_err(|_| "too many different words".to_owned())?;
                let id = match known.get(cell) {
                    Some(id) => *id,
                    None => *known.entry(cell.to_owned()).or_insert(next),
                };
                ids.push(id);
            }
        }
        Ok(())
    }

    fn finish(self) -> Column {
        match self {
            Self::Numbers(numbers) => Column::Numbers(numbers),
            Self::Words { ids, known } => {
                let mut names: Vec<(u32, String)> = known.into_iter().map(|(name, id)| (id, name)).collect();
                names.sort_unstable();
                Column::Words { ids, names: names.into_iter().map(|(_, name)| name).collect() }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::fixtures::{loaded, loaded_with, write};
    use super::super::{Dataset, Normalization, Targets};
    use crate::data_config::{DataConfig, Missing, TargetTask, ValidationConfig};

    fn read_text(text: &str, config: &DataConfig) -> Result<Dataset, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = write(folder.path(), "t.csv", text.as_bytes());
        let place = folder.path().display().to_string();
        loaded_with(&path, config).map(|data| data.train).map_err(|error| error.to_string().replace(&place, "FOLDER"))
    }

    fn inputs(dataset: &Dataset) -> Vec<f32> {
        let indices: Vec<usize> = (0..dataset.len()).collect();
        let mut out = Vec::new();
        dataset.fill_batch(&indices, &Normalization::identity(), &mut out).unwrap();
        out
    }

    fn plain() -> DataConfig {
        DataConfig::default()
    }

    #[test]
    fn numbers_stay_and_words_become_inputs_of_their_own() {
        let text = "size,color,kind\n1.5, red,cat\n-2,\"blue\",dog\n3e1,red,cat\n";
        let table = read_text(text, &plain()).unwrap();
        assert_eq!(inputs(&table), [1.5, 0.0, 1.0, -2.0, 1.0, 0.0, 30.0, 0.0, 1.0]);
        let names = vec!["cat".to_owned(), "dog".to_owned()];
        assert_eq!(*table.targets(), Targets::Classes { labels: vec![0, 1, 0], class_names: names });
    }

    #[test]
    fn a_target_of_few_whole_numbers_is_a_class_and_others_are_values() {
        let rows = |targets: [&str; 4]| format!("a,y\n{}", targets.map(|target| format!("1,{target}\n")).concat());
        let few = read_text(&rows(["3", "10", "3", "10"]), &plain()).unwrap();
        let names = vec!["3".to_owned(), "10".to_owned()];
        assert_eq!(*few.targets(), Targets::Classes { labels: vec![0, 1, 0, 1], class_names: names });
        let values = |dataset: &Dataset| match dataset.targets() {
            Targets::Values { values, .. } => values.clone(),
            _ => panic!("values"),
        };
        assert_eq!(values(&read_text(&rows(["1", "2", "3", "4"]), &plain()).unwrap()), [1.0, 2.0, 3.0, 4.0]);
        assert_eq!(values(&read_text(&rows(["0.5", "1", "1", "1"]), &plain()).unwrap()), [0.5, 1.0, 1.0, 1.0]);
        let forced = DataConfig { task: TargetTask::Regression, ..plain() };
        assert_eq!(values(&read_text(&rows(["3", "5", "3", "5"]), &forced).unwrap()), [3.0, 5.0, 3.0, 5.0]);
    }

    #[test]
    fn cells_without_a_value_follow_the_rule() {
        let text = "a,w,y\n1,x,0\nNA,,1\n3,z,0\n8,z,1\n";
        let with = |missing| read_text(text, &DataConfig { missing, ..plain() });
        assert_eq!(
            with(Missing::Refuse).unwrap_err(),
            "FOLDER/t.csv, line 3, column `a`: no value; `data.missing` says what is to be done about it"
        );
        assert_eq!(inputs(&with(Missing::Mean).unwrap())[4..8], [4.0, 1.0, 0.0, 0.0]);
        assert_eq!(inputs(&with(Missing::Median).unwrap())[4..5], [3.0]);
        assert_eq!(inputs(&with(Missing::Drop).unwrap()), [1.0, 1.0, 0.0, 3.0, 0.0, 1.0, 8.0, 0.0, 1.0]);
    }

    #[test]
    fn columns_are_chosen_by_name() {
        let text = "id,y,a\nk1,1.5,7\nk2,2.5,8\n";
        let config = DataConfig { target: Some("y".to_owned()), ignore: vec!["id".to_owned()], ..plain() };
        let table = read_text(text, &config).unwrap();
        assert_eq!((inputs(&table), table.sample_shape()), (vec![7.0, 8.0], &[1][..]));
        let unknown = DataConfig { target: Some("z".to_owned()), ..plain() };
        let message = read_text(text, &unknown).unwrap_err();
        assert_eq!(message, "`data.target`: FOLDER/t.csv has no column `z`, it has `id`, `y`, `a`");
    }

    #[test]
    fn validation_tables_are_read_as_the_training_table_says() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "train.csv", b"a,w,y\n1,x,cat\n2,z,dog\n");
        write(folder.path(), "test.csv", b"a,w,y\n5,z,dog\n");
        let data = loaded(folder.path()).unwrap();
        assert_eq!(inputs(data.held_out.as_ref().unwrap()), [5.0, 0.0, 1.0]);
        let cases: [&[u8]; 5] =
            [b"a,w,y\n5,q,dog\n", b"a,w,y\nfive,z,dog\n", b"a,w,y\n5,z,cow\n", b"a,y\n5,dog\n", b"a,w,y\n"];
        let answers = cases.map(|text| {
            let path = write(folder.path(), "other/v.csv", text).display().to_string();
            let validation = ValidationConfig { path: Some(path), split: None };
            let error = loaded_with(folder.path(), &DataConfig { validation, ..plain() }).unwrap_err().to_string();
            error.replace(&folder.path().display().to_string(), "FOLDER")
        });
        insta::assert_snapshot!(answers.join("\n"), @"
        FOLDER/other/v.csv, line 2, column `w`: `q` does not occur in the training data
        FOLDER/other/v.csv, line 2, column `a`: `five` is no number
        FOLDER/other/v.csv, line 2, column `y`: `cow` is no class of the training data
        FOLDER/other/v.csv does not fit the training data: expected the columns a, w, y, found the columns a, y
        FOLDER/other/v.csv: every row has a cell without a value
        ");
    }

    #[test]
    fn bad_tables_are_refused_with_the_line() {
        let words: Vec<String> = (0..1001).map(|word| format!("w{word},1")).collect();
        let cases = [
            "",
            "a,y\n",
            "1,2\n3,4\n",
            "a,a\n1,2\n",
            "a,b,y\n1,2,3\n1,2\n",
            "a,y\n1,2\n\n1,2,3\n",
            "a,y\n1e300,1.5\n",
            "y\n1\n",
            "a,y\n,1\n,2\n",
            &format!("w,y\n{}", words.join("\n")),
        ];
        let answers = cases.map(|text| read_text(text, &plain()).unwrap_err());
        insta::assert_snapshot!(answers.join("\n"), @"
        FOLDER/t.csv, line 1: no line of column names
        FOLDER/t.csv: a table without rows
        FOLDER/t.csv, line 1: numbers where the names of the columns should stand
        FOLDER/t.csv, line 1: two columns have the name `a`
        FOLDER/t.csv, line 3: 2 cells under 3 column names
        FOLDER/t.csv, line 4: 3 cells under 2 column names
        FOLDER/t.csv, line 2, column `a`: 1e300 is beyond the range of f32
        FOLDER/t.csv, column `y`: no column beside the target is left to learn from
        FOLDER/t.csv, column `a`: no value at all; `data.ignore` leaves the column out
        FOLDER/t.csv, column `w`: 1001 different words are too many for inputs of their own; `data.ignore` leaves the column out
        ");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
            let folder = tempfile::tempdir().unwrap();
            let _ = loaded(&write(folder.path(), "t.csv", &bytes));
        }

        #[test]
        fn any_table_like_text_is_read_or_refused(text in "[ab1,\\.\"\n-]{0,60}") {
            for missing in [Missing::Refuse, Missing::Mean, Missing::Median, Missing::Drop] {
                let _ = read_text(&text, &DataConfig { missing, ..plain() });
            }
        }
    }
}
