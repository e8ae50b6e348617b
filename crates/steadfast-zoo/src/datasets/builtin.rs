//! Data that is part of the program: `builtin:iris`, `builtin:digits`, `builtin:diabetes`.
//!
//! Real, published data; `docs/data.md` names sources, licenses and how the files were made.

use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;

use super::csv_table::CsvTable;
use super::{DataError, Dataset, DatasetEntry, FeatureValues, Features, Format, LoadedData, Source, Targets};

/// The row of this format in the table of formats.
pub(super) const ENTRY: DatasetEntry = DatasetEntry {
    format: Format::Builtin,
    name: "builtin",
    summary: "data that needs no file: builtin:iris, builtin:digits, builtin:diabetes",
    looks_for: "`builtin:` and a name",
    keys: &[],
    reads_validation: false,
    detect,
    load,
};

/// A data set that is part of the program.
#[derive(Clone, Copy, Debug)]
pub struct Builtin {
    /// What a config writes, `builtin:` included.
    pub path: &'static str,
    /// What it is, in one line.
    pub summary: &'static str,
    table: &'static [u8],
    assemble: fn(CsvTable) -> Result<Dataset, DataError>,
}

/// All data sets that are part of the program.
pub const BUILTINS: &[Builtin] = &[
    Builtin {
        path: "builtin:iris",
        summary: "150 flowers, 4 measurements in cm, 3 species (Fisher 1936)",
        table: include_bytes!("../../data/iris.csv.gz"),
        assemble: iris,
    },
    Builtin {
        path: "builtin:digits",
        summary: "1,797 handwritten digits of 8x8 pixels (Alpaydin and Kaynak 1998)",
        table: include_bytes!("../../data/digits.csv.gz"),
        assemble: digits,
    },
    Builtin {
        path: "builtin:diabetes",
        summary: "442 patients, 10 measurements, progression after a year (Efron et al. 2004)",
        table: include_bytes!("../../data/diabetes.csv.gz"),
        assemble: diabetes,
    },
];

const PREFIX: &str = "builtin:";

/// No table comes near this size; it bounds what a damaged one could ask for.
const MAX_TABLE_BYTES: u64 = 1 << 20;

#[expect(clippy::unnecessary_wraps, reason = "the signature of the table")]
fn detect(path: &Path) -> Result<bool, DataError> {
    Ok(name(path).is_some())
}

fn load(source: &Source<'_>) -> Result<LoadedData, DataError> {
    let path = source.path;
    let is_wanted = |builtin: &&Builtin| path.to_str() == Some(builtin.path);
    let builtin = BUILTINS.iter().find(is_wanted).ok_or_else(|| unknown(path))?;
    let table = CsvTable::parse(path, &decompress(path, builtin.table)?)?;
    Ok(LoadedData::of((builtin.assemble)(table)?))
}

/// What stands after `builtin:`.
fn name(path: &Path) -> Option<&str> {
    path.to_str()?.strip_prefix(PREFIX)
}

fn unknown(path: &Path) -> DataError {
    let name = name(path).map_or_else(|| path.to_string_lossy().into_owned(), str::to_owned);
    let known: Vec<&str> = BUILTINS.iter().map(|builtin| builtin.path).collect();
    DataError::UnknownBuiltin { name, known: known.join(", ") }
}

fn decompress(path: &Path, table: &[u8]) -> Result<String, DataError> {
    let mut text = String::new();
    let read = GzDecoder::new(table).take(MAX_TABLE_BYTES).read_to_string(&mut text);
    read.map_err(|source| {
        let offset = text.len() as u64;
        DataError::DamagedGzip { path: path.to_path_buf(), offset, source }
    })?;
    Ok(text)
}

fn iris(table: CsvTable) -> Result<Dataset, DataError> {
    let (inputs, species) = table.into_inputs_and_target();
    let features = Features::new(FeatureValues::Floats(inputs), vec![4])?;
    Dataset::new(features, named_classes(&species, &["setosa", "versicolor", "virginica"]))
}

fn digits(table: CsvTable) -> Result<Dataset, DataError> {
    const NAMES: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
    let (pixels, digits) = table.into_inputs_and_target();
    let values = pixels.into_iter().map(whole).collect();
    // A pixel counts the dots in a square of 4 by 4.
    let values = FeatureValues::Bytes { values, full_scale: 16.0 };
    let features = Features::new(values, vec![1, 8, 8])?;
    Dataset::new(features, named_classes(&digits, &NAMES))
}

fn diabetes(table: CsvTable) -> Result<Dataset, DataError> {
    let (inputs, values) = table.into_inputs_and_target();
    let features = Features::new(FeatureValues::Floats(inputs), vec![10])?;
    Dataset::new(features, Targets::Values { values, width: 1 })
}

fn named_classes(numbers: &[f32], names: &[&str]) -> Targets {
    let labels = numbers.iter().map(|&number| whole(number).into()).collect();
    Targets::Classes { labels, class_names: names.iter().map(ToString::to_string).collect() }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the tables are ours, and a test holds their sums: pixels and classes are small"
)]
fn whole(number: f32) -> u8 {
    number as u8
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::super::fingerprint::hex;
    use super::super::fixtures::loaded;
    use super::super::{Normalization, split};
    use super::*;

    fn dataset(path: &str) -> Dataset {
        loaded(Path::new(path)).unwrap().train
    }

    fn rows(dataset: &Dataset, indices: &[usize]) -> Vec<f32> {
        let mut out = Vec::new();
        dataset.fill_batch(indices, &Normalization::identity(), &mut out).unwrap();
        out
    }

    fn class_sizes(dataset: &Dataset) -> Vec<usize> {
        let Targets::Classes { labels, class_names } = dataset.targets() else { panic!("not classes") };
        let mut sizes = vec![0; class_names.len()];
        for &label in labels {
            sizes[label as usize] += 1;
        }
        sizes
    }

    fn assert_close(actual: f64, expected: f64) {
        assert!((actual - expected).abs() < 1e-6 * expected.abs().max(1.0), "{actual} {expected}");
    }

    #[test]
    fn the_files_are_those_that_the_documentation_describes() {
        let documentation = include_str!("../../../../docs/data.md");
        for builtin in BUILTINS {
            let text = decompress(Path::new(builtin.path), builtin.table).unwrap();
            for bytes in [builtin.table, text.as_bytes()] {
                let sum = hex(&Sha256::digest(bytes));
                assert!(documentation.contains(&sum), "{}: {sum}", builtin.path);
            }
            let fingerprint = loaded(Path::new(builtin.path)).unwrap().fingerprint();
            assert!(documentation.contains(&fingerprint), "{}: {fingerprint}", builtin.path);
            assert!(ENTRY.summary.contains(builtin.path));
        }
    }

    // The expected numbers below were computed with NumPy 2 from the arrays that scikit-learn
    // 1.9.1 gives: load_iris(), load_digits(), load_diabetes(scaled=False); std with ddof=0.

    #[test]
    fn iris_is_complete() {
        let iris = dataset("builtin:iris");
        assert_eq!((iris.len(), iris.sample_shape()), (150, &[4][..]));
        assert_eq!(class_sizes(&iris), [50, 50, 50]);
        assert_eq!(rows(&iris, &[0, 149]), [5.1, 3.5, 1.4, 0.2, 5.9, 3.0, 5.1, 1.8]);
        // The two rows in which other copies differ from Fisher's paper.
        assert_eq!(rows(&iris, &[34, 37]), [4.9, 3.1, 1.5, 0.2, 4.9, 3.6, 1.4, 0.1]);

        let measured = Normalization::measure(iris.features()).unwrap();
        let mean = [5.843_333_33, 3.057_333_33, 3.758, 1.199_333_33];
        let std = [0.825_301_29, 0.434_410_97, 1.759_404_07, 0.759_692_63];
        for channel in 0..4 {
            assert_close(measured.mean()[channel], mean[channel]);
            assert_close(measured.std()[channel], std[channel]);
        }
    }

    #[test]
    fn digits_are_complete() {
        let digits = dataset("builtin:digits");
        assert_eq!((digits.len(), digits.sample_shape()), (1797, &[1, 8, 8][..]));
        assert_eq!(class_sizes(&digits), [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
        let FeatureValues::Bytes { values, .. } = digits.features().values() else { panic!("not bytes") };
        assert_eq!(values.iter().map(|&pixel| u64::from(pixel)).sum::<u64>(), 561_718);
        assert_eq!(values.iter().max(), Some(&16));
        assert_eq!(values[..16], [0, 0, 5, 13, 9, 1, 0, 0, 0, 0, 13, 15, 10, 15, 5, 0]);
        assert_eq!(rows(&digits, &[1796])[57..], [1.0, 8.0, 12.0, 14.0, 12.0, 1.0, 0.0].map(|p| p / 16.0));
        let mut labels = Vec::new();
        digits.fill_labels(&[0, 9, 1794, 1795, 1796], &mut labels).unwrap();
        assert_eq!(labels, [0, 9, 8, 9, 8]);

        let measured = Normalization::measure(digits.features()).unwrap();
        assert_close(measured.mean()[0], 0.305_260_286_240_957);
        assert_close(measured.std()[0], 0.376_049_221_792_015);
    }

    #[test]
    fn diabetes_is_complete() {
        let diabetes = dataset("builtin:diabetes");
        assert_eq!((diabetes.len(), diabetes.sample_shape()), (442, &[10][..]));
        let first = [59.0, 2.0, 32.1, 101.0, 157.0, 93.2, 38.0, 4.0, 4.8598, 87.0];
        assert_eq!(rows(&diabetes, &[0]), first);
        let Targets::Values { values, width: 1 } = diabetes.targets() else { panic!("not one value each") };
        assert_close(values.iter().map(|&value| f64::from(value)).sum(), 67_243.0);
        assert_eq!((values[0], values[441]), (151.0, 57.0));

        let measured = Normalization::measure(diabetes.features()).unwrap();
        assert_close(measured.mean()[2], 26.375_791_86);
        assert_close(measured.std()[2], 4.413_120_86);
    }

    #[test]
    fn a_split_of_iris_is_balanced() {
        let iris = dataset("builtin:iris");
        let order: Vec<usize> = (0..150).rev().collect();
        let parts = split(&iris, &order, 0.2).unwrap();
        assert_eq!(class_sizes(&parts.validation), [10, 10, 10]);
        assert_eq!(class_sizes(&parts.train), [40, 40, 40]);
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_known_ones() {
        let error = loaded(Path::new("builtin:irsi")).unwrap_err();
        insta::assert_snapshot!(error, @"no data set `irsi` is built in; there are builtin:iris, builtin:digits, builtin:diabetes");
    }
}
