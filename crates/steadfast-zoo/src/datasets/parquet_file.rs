//! Parquet: images as Hugging Face stores them, or plain columns.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, Row};
use rayon::prelude::*;

use super::format::unrecognized;
use super::images::{Encoded, Origin, open};
use super::listing::file_names;
use super::parquet_columns::{Columns, labels_of};
use super::parts::{Part, Parts};
use super::source_sum::{SourceSum, file_digest};
use super::table::Schema;
use super::{DataError, Dataset, DatasetEntry, Format, LoadedData, Source, Targets};

/// The row of this format in the table of formats.
pub(super) const ENTRY: DatasetEntry = DatasetEntry {
    format: Format::Parquet,
    name: "parquet",
    summary: "Parquet files with images as Hugging Face stores them, or with plain columns",
    looks_for: "a file `*.parquet`, or a folder with some",
    keys: &["image_size", "fit", "channels", "cache", "target", "task", "ignore", "missing"],
    reads_validation: true,
    detect,
    load,
};

/// A row group may announce so many bytes, 4 GiB.
const MAX_GROUP_BYTES: i64 = 1 << 32;

/// The most that a byte of a compressed page can become.
const MAX_RATIO: i64 = 1032;

fn is_parquet(name: &str) -> bool {
    !name.starts_with('.') && name.to_ascii_lowercase().ends_with(".parquet")
}

fn detect(path: &Path) -> Result<bool, DataError> {
    Ok(!files(path)?.is_empty())
}

/// The files at a path, those of `data` in a folder included.
fn files(path: &Path) -> Result<Vec<PathBuf>, DataError> {
    if path.is_file() {
        let named = path.file_name().is_some_and(|name| is_parquet(&name.to_string_lossy()));
        return Ok(if named { vec![path.to_path_buf()] } else { Vec::new() });
    }
    let mut found = Vec::new();
    for folder in [path.to_path_buf(), path.join("data")].iter().filter(|folder| folder.is_dir()) {
        let names = file_names(folder)?.into_iter().filter(|name| is_parquet(name));
        found.extend(names.map(|name| folder.join(name)));
    }
    Ok(found)
}

/// The files of each part. Files of which no name says the part are the training part if none is called `train`.
fn divided(files: Vec<PathBuf>) -> Vec<(Part, Vec<PathBuf>)> {
    let part = |path: &PathBuf| Part::of_file(&path.file_name().unwrap_or_default().to_string_lossy());
    if !files.iter().any(|path| part(path) == Some(Part::Train)) {
        return vec![(Part::Train, files)];
    }
    let of = |wanted: Part| (wanted, files.iter().filter(|path| part(path) == Some(wanted)).cloned().collect());
    [Part::Train, Part::Validation, Part::Test]
        .map(of)
        .into_iter()
        .filter(|(_, files): &(_, Vec<_>)| !files.is_empty())
        .collect()
}

fn load(source: &Source<'_>) -> Result<LoadedData, DataError> {
    let found = files(source.path)?;
    if found.is_empty() {
        return Err(unrecognized(source.path, ENTRY.looks_for.to_owned()));
    }
    let mut divided = divided(found);
    if let Some(path) = source.validation {
        let given = files(path)?;
        if given.is_empty() {
            return Err(unrecognized(path, ENTRY.looks_for.to_owned()));
        }
        divided.retain(|(part, _)| *part != Part::Validation);
        divided.insert(1, (Part::Validation, given));
    }
    let first = |(part, files): &(Part, Vec<PathBuf>)| (*part, files.first().cloned().unwrap_or_default());
    let parts = Parts::new(&divided.iter().map(first).collect::<Vec<_>>());
    let fingerprint = fingerprint(divided.iter().flat_map(|(_, files)| files))?;
    let read = divided.iter().map(|(_, files)| read(files)).collect::<Result<Vec<_>, _>>()?;
    let datasets = assemble(read, source)?;
    parts.loaded(datasets, Some(fingerprint))
}

/// The sum over all files by their names.
fn fingerprint<'a>(files: impl Iterator<Item = &'a PathBuf>) -> Result<String, DataError> {
    let files: Vec<&PathBuf> = files.collect();
    let digests: Vec<Result<[u8; 32], DataError>> = files.par_iter().map(|path| file_digest(path)).collect();
    let mut sum = SourceSum::default();
    for (path, digest) in files.iter().zip(digests) {
        sum.add(&path.file_name().unwrap_or_default().to_string_lossy(), &digest?);
    }
    Ok(sum.finish())
}

/// Datasets of all parts; the first one decides what their columns mean.
fn assemble(parts: Vec<Columns>, source: &Source<'_>) -> Result<Vec<Dataset>, DataError> {
    let config = source.config;
    if parts.first().is_none_or(|columns| columns.images.is_empty()) {
        let tables = parts.into_iter().map(Columns::into_table).collect::<Result<Vec<_>, _>>()?;
        let first = tables.first().ok_or_else(|| DataError::Inconsistent("no training part".to_owned()))?;
        let schema = Schema::learn(first, config)?;
        return tables.iter().map(|table| schema.apply(table)).collect();
    }
    let mut images: Vec<Vec<Encoded>> = Vec::new();
    let mut targets: Vec<Targets> = Vec::new();
    for mut columns in parts {
        let encode = |(path, row, bytes)| Encoded { path, origin: Origin::Row { row, bytes } };
        images.push(std::mem::take(&mut columns.images).into_iter().map(encode).collect());
        targets.push(labels_of(&columns, config)?);
    }
    let classes = targets.iter().map(Targets::outputs).max().unwrap_or(0);
    let opened = open(images, config)?;
    let dataset = |((features, _), targets)| Dataset::new(features, with_all_classes(targets, classes));
    opened.into_iter().zip(targets).map(dataset).collect()
}

/// Numbered classes go as far as those of all parts.
fn with_all_classes(targets: Targets, classes: usize) -> Targets {
    match targets {
        Targets::Classes { labels, mut class_names } => {
            class_names.extend((class_names.len()..classes).map(|class| class.to_string()));
            Targets::Classes { labels, class_names }
        }
        other => other,
    }
}

/// Reads all rows of some files.
fn read(files: &[PathBuf]) -> Result<Columns, DataError> {
    let mut columns = Columns::default();
    for path in files {
        // The reader answers most damage with an error, but not all of it.
        let read = catch_unwind(AssertUnwindSafe(|| read_file(path, &mut columns)));
        let panicked = |_| content(path, String::new(), "the file is damaged so that its reader gave up".to_owned());
        read.unwrap_or_else(|panic| Err(panicked(panic)))?;
    }
    Ok(columns)
}

fn content(path: &Path, place: String, problem: String) -> DataError {
    DataError::Content { path: path.to_path_buf(), place, problem }
}

fn read_file(path: &Path, columns: &mut Columns) -> Result<(), DataError> {
    let damaged = |error: parquet::errors::ParquetError| content(path, String::new(), error.to_string());
    let file = fs_err::File::open(path).map_err(|source| DataError::Read { path: path.to_path_buf(), source })?;
    let length = file.metadata().map_err(|source| DataError::Read { path: path.to_path_buf(), source })?.len();
    let reader = SerializedFileReader::new(file.into_parts().0).map_err(damaged)?;
    let metadata = reader.metadata();
    for group in metadata.row_groups() {
        let most = i64::try_from(length).unwrap_or(i64::MAX).saturating_mul(MAX_RATIO).min(MAX_GROUP_BYTES);
        if !(0..=most).contains(&group.total_byte_size()) {
            let problem = format!("a row group of {} bytes cannot be in a file of {length}", group.total_byte_size());
            return Err(content(path, String::new(), problem));
        }
    }
    if let Some(pairs) = metadata.file_metadata().key_value_metadata() {
        let text = pairs.iter().find(|pair| pair.key == "huggingface").and_then(|pair| pair.value.as_deref());
        columns.describe(text.unwrap_or_default());
    }
    for (number, row) in reader.get_row_iter(None).map_err(damaged)?.enumerate() {
        let at = |problem: String| content(path, format!(", row {number}"), problem);
        let row: Row = row.map_err(|error| at(error.to_string()))?;
        columns.push(path, number, row.into_columns()).map_err(at)?;
    }
    Ok(())
}

/// The content of a cell that holds an image: `{bytes, path}`, or bytes alone.
pub(super) fn image_bytes(field: &Field) -> Option<Vec<u8>> {
    match field {
        Field::Bytes(bytes) => Some(bytes.data().to_vec()),
        Field::Group(row) => row.get_column_iter().find_map(|(name, field)| match field {
            Field::Bytes(bytes) if name == "bytes" => Some(bytes.data().to_vec()),
            _ => None,
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parquet::basic::Compression;
    use parquet::column::writer::ColumnWriter;
    use parquet::data_type::ByteArray;
    use parquet::file::metadata::KeyValue;
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;
    use proptest::prelude::*;

    use super::super::fixtures::{loaded, loaded_with, refusal, write};
    use super::super::images::fixture::png;
    use super::super::{FeatureValues, Normalization};
    use super::*;
    use crate::data_config::DataConfig;

    const IMAGES: &str = "message m { optional group image { optional binary bytes; optional binary path (UTF8); } required int64 label; }";
    const TABLE: &str = "message m { required double size; optional binary color (UTF8); required int32 y; }";
    const NAMES: &str = r#"{"info": {"features": {"label": {"names": ["cat", "dog"], "_type": "ClassLabel"}}}}"#;

    /// The cells of a column; strings and numbers as bytes and whole numbers.
    enum Cells {
        Bytes(Vec<Option<Vec<u8>>>),
        Whole(Vec<i64>),
        Real(Vec<f64>),
    }

    fn parquet(schema: &str, cells: &[Cells], metadata: &str) -> Vec<u8> {
        let schema = Arc::new(parse_message_type(schema).unwrap());
        let pair = KeyValue::new("huggingface".to_owned(), metadata.to_owned());
        let builder = WriterProperties::builder().set_compression(Compression::SNAPPY);
        let properties = Arc::new(builder.set_key_value_metadata(Some(vec![pair])).build());
        let mut writer = SerializedFileWriter::new(Vec::new(), schema, properties).unwrap();
        let mut group = writer.next_row_group().unwrap();
        let mut cells = cells.iter();
        while let Some(mut column) = group.next_column().unwrap() {
            match (column.untyped(), cells.next().unwrap()) {
                (ColumnWriter::ByteArrayColumnWriter(writer), Cells::Bytes(cells)) => {
                    let there: Vec<ByteArray> = cells.iter().flatten().map(|cell| cell.clone().into()).collect();
                    // Of a group that may be missing, a value that is there has level 2.
                    let most = writer.get_descriptor().max_def_level();
                    let levels: Vec<i16> = cells.iter().map(|cell| if cell.is_some() { most } else { 0 }).collect();
                    writer.write_batch(&there, Some(&levels), None).unwrap();
                }
                (ColumnWriter::Int64ColumnWriter(writer), Cells::Whole(cells)) => {
                    writer.write_batch(cells, None, None).unwrap();
                }
                (ColumnWriter::Int32ColumnWriter(writer), Cells::Whole(cells)) => {
                    let cells: Vec<i32> = cells.iter().map(|&cell| i32::try_from(cell).unwrap()).collect();
                    writer.write_batch(&cells, None, None).unwrap();
                }
                (ColumnWriter::DoubleColumnWriter(writer), Cells::Real(cells)) => {
                    writer.write_batch(cells, None, None).unwrap();
                }
                _ => panic!("cells of another type"),
            }
            column.close().unwrap();
        }
        group.close().unwrap();
        writer.into_inner().unwrap()
    }

    fn images(labels: &[i64]) -> Vec<u8> {
        let image = |&label: &i64| Some(png(3, 2, 1, |_| u8::try_from(label * 10).unwrap()));
        let names = labels.iter().map(|label| Some(format!("{label}.png").into_bytes())).collect();
        let cells =
            [Cells::Bytes(labels.iter().map(image).collect()), Cells::Bytes(names), Cells::Whole(labels.to_vec())];
        parquet(IMAGES, &cells, NAMES)
    }

    fn table() -> Vec<u8> {
        let colors = ["red", "blue", "red", "blue"].map(|color| Some(color.as_bytes().to_vec())).to_vec();
        let cells = [Cells::Real(vec![1.5, 2.5, 3.5, 4.5]), Cells::Bytes(colors), Cells::Whole(vec![0, 1, 1, 0])];
        parquet(TABLE, &cells, "")
    }

    #[test]
    fn images_and_the_names_of_their_classes_are_read() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "data/train-00001-of-00002.parquet", &images(&[1]));
        write(folder.path(), "data/train-00000-of-00002.parquet", &images(&[0, 1]));
        write(folder.path(), "data/test-00000-of-00001.parquet", &images(&[0]));
        let data = loaded(folder.path()).unwrap();
        let names = vec!["cat".to_owned(), "dog".to_owned()];
        assert_eq!(*data.train.targets(), Targets::Classes { labels: vec![0, 1, 1], class_names: names });
        assert_eq!((data.train.sample_shape(), data.held_out.as_ref().unwrap().len()), (&[1, 2, 3][..], 1));
        let late = loaded_with(folder.path(), &DataConfig { cache: 0, ..DataConfig::default() }).unwrap();
        assert!(matches!(late.train.features().values(), FeatureValues::Images(_)));
        let pixels = |dataset: &Dataset| {
            let mut out = Vec::new();
            dataset.fill_batch(&[0, 1, 2], &Normalization::identity(), &mut out).unwrap();
            out
        };
        assert_eq!(pixels(&data.train), pixels(&late.train));
        assert_eq!(data.fingerprint(), late.fingerprint());
    }

    #[test]
    fn columns_are_read_like_a_table() {
        let folder = tempfile::tempdir().unwrap();
        let data = loaded(&write(folder.path(), "t.parquet", &table())).unwrap().train;
        let mut out = Vec::new();
        data.fill_batch(&[0, 3], &Normalization::identity(), &mut out).unwrap();
        assert_eq!(out, [1.5, 0.0, 1.0, 4.5, 1.0, 0.0]);
        let names = vec!["0".to_owned(), "1".to_owned()];
        assert_eq!(*data.targets(), Targets::Classes { labels: vec![0, 1, 1, 0], class_names: names });
    }

    #[test]
    fn bad_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (images_file, table_file) = (images(&[0, 1]), table());
        let broken = Cells::Bytes(vec![Some(b"GIF89a".to_vec())]);
        let cells = [broken, Cells::Bytes(vec![None]), Cells::Whole(vec![0])];
        let cases = [
            b"PAR1".to_vec(),
            table_file[..table_file.len() / 2].to_vec(),
            parquet(IMAGES, &cells, NAMES),
            images(&[0, 2]),
            images_file[4..].to_vec(),
        ];
        let answers = cases.map(|content| refusal(&write(folder.path(), "t.parquet", &content), folder.path()));
        insta::assert_snapshot!(answers.join("\n"), @"
        FOLDER/t.parquet: EOF: Parquet file too small. Size is 4 but need 8
        FOLDER/t.parquet: Parquet error: Invalid Parquet file. Corrupt footer
        FOLDER/t.parquet, row 0: is neither PNG nor JPEG: it begins with 0x47 0x49 0x46 0x38
        FOLDER/t.parquet, row 1, column `label`: label 2, not a class from 0 to 1
        FOLDER/t.parquet, row 0: Parquet error: Required field type_ is missing
        ");
    }

    proptest! {
        #[test]
        fn damaged_files_are_refused_or_read(
            of_images in any::<bool>(),
            flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
            keep in any::<prop::sample::Index>(),
            cut in any::<bool>(),
        ) {
            let mut file = if of_images { images(&[0, 1]) } else { table() };
            for (at, value) in flips {
                let at = at.index(file.len());
                file[at] = value;
            }
            if cut {
                file.truncate(keep.index(file.len()));
            }
            let folder = tempfile::tempdir().unwrap();
            let _ = loaded(&write(folder.path(), "t.parquet", &file));
        }
    }
}
