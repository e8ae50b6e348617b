//! The binary files of CIFAR-10 and CIFAR-100.
//!
//! A record is one label (CIFAR-10) or a coarse and a fine one (CIFAR-100), then 3,072 pixels: red, green, blue, each
//! 32 rows of 32.

use std::path::{Path, PathBuf};

use super::byte_source::ByteSource;
use super::format::unrecognized;
use super::listing::{file_names, in_words};
use super::{DataError, Dataset, DatasetEntry, FeatureValues, Features, Format, LoadedData, Source, Targets};

/// The row of this format in the table of formats.
pub(super) const ENTRY: DatasetEntry = DatasetEntry {
    format: Format::Cifar,
    name: "cifar",
    summary: "the binary files of CIFAR-10 and CIFAR-100",
    looks_for: "a folder with `data_batch_1.bin` or `train.bin` of CIFAR",
    keys: &["target"],
    reads_validation: false,
    detect,
    load,
};

const PIXELS: usize = 3 * 32 * 32;

/// The largest file that is read, far above the 150 MB of the real ones.
const MAX_FILE_BYTES: u64 = 1 << 31;

/// What distinguishes the two data sets.
struct Kind {
    train: fn(&str) -> bool,
    test: &'static str,
    /// Folders that the archives unpack to.
    archive: &'static str,
    /// Bytes before the pixels.
    labels: usize,
    /// The byte that is learnt, how many classes it tells apart, and where their names stand.
    target: usize,
    classes: u8,
    names: &'static str,
}

const CIFAR_10: Kind = Kind {
    train: |name| name.starts_with("data_batch_") && is_binary(name),
    test: "test_batch.bin",
    archive: "cifar-10-batches-bin",
    labels: 1,
    target: 0,
    classes: 10,
    names: "batches.meta.txt",
};

const CIFAR_100: Kind = Kind {
    train: |name| name == "train.bin",
    test: "test.bin",
    archive: "cifar-100-binary",
    labels: 2,
    target: 1,
    classes: 100,
    names: "fine_label_names.txt",
};

const CIFAR_100_COARSE: Kind = Kind { target: 0, classes: 20, names: "coarse_label_names.txt", ..CIFAR_100 };

fn is_binary(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "bin")
}

fn detect(path: &Path) -> Result<bool, DataError> {
    Ok(find(path)?.is_some())
}

/// The folder with the files, what they are, and the names of those to train with.
fn find(path: &Path) -> Result<Option<(PathBuf, Kind, Vec<String>)>, DataError> {
    for kind in [CIFAR_10, CIFAR_100] {
        for folder in [path.to_path_buf(), path.join(kind.archive)] {
            if !folder.is_dir() {
                continue;
            }
            let train: Vec<String> = file_names(&folder)?.into_iter().filter(|name| (kind.train)(name)).collect();
            if !train.is_empty() {
                return Ok(Some((folder, kind, train)));
            }
        }
    }
    Ok(None)
}

fn load(source: &Source<'_>) -> Result<LoadedData, DataError> {
    let found = find(source.path)?;
    let Some((folder, kind, train)) = found else {
        return Err(unrecognized(source.path, ENTRY.looks_for.to_owned()));
    };
    let kind = match (kind.labels, source.config.target.as_deref()) {
        (_, None) | (2, Some("fine")) => kind,
        (2, Some("coarse")) => CIFAR_100_COARSE,
        (_, Some(target)) => {
            let problem = format!("`{target}` is no label of these files; CIFAR-100 has `fine` and `coarse`");
            return Err(DataError::Setting { key: "target", problem });
        }
    };
    let names = class_names(&folder, &kind)?;
    let train = read(&folder, &train, &kind, &names)?;
    let held_out = if folder.join(kind.test).exists() {
        Some(read(&folder, &[kind.test.to_owned()], &kind, &names)?)
    } else {
        None
    };
    Ok(LoadedData { train, validation: None, held_out, fingerprint: None })
}

/// The names in the file beside the data, else numbers.
fn class_names(folder: &Path, kind: &Kind) -> Result<Vec<String>, DataError> {
    let path = folder.join(kind.names);
    let numbers = || (0..kind.classes).map(|class| class.to_string()).collect();
    if !path.exists() {
        return Ok(numbers());
    }
    let text = fs_err::read_to_string(&path).map_err(|source| DataError::Read { path: path.clone(), source })?;
    let names: Vec<String> = text.lines().map(|line| line.trim().to_owned()).filter(|name| !name.is_empty()).collect();
    if names.len() == usize::from(kind.classes) {
        return Ok(names);
    }
    let problem = format!("{} names for {} classes: {}", names.len(), kind.classes, in_words(&names));
    Err(DataError::Content { path, place: String::new(), problem })
}

fn read(folder: &Path, files: &[String], kind: &Kind, class_names: &[String]) -> Result<Dataset, DataError> {
    let mut pixels = Vec::new();
    let mut labels = Vec::new();
    for name in files {
        append(&folder.join(name), kind, &mut labels, &mut pixels)?;
    }
    let values = FeatureValues::Bytes { values: pixels, full_scale: 255.0 };
    let features = Features::new(values, vec![3, 32, 32])?;
    Dataset::new(features, Targets::Classes { labels, class_names: class_names.to_vec() })
}

/// Reads the records of a file.
fn append(path: &Path, kind: &Kind, labels: &mut Vec<u32>, pixels: &mut Vec<u8>) -> Result<(), DataError> {
    let bytes = ByteSource::open(path)?.read_all(MAX_FILE_BYTES)?;
    let record_len = kind.labels + PIXELS;
    let malformed = |offset: usize, expected: String, found: String| DataError::Malformed {
        path: path.to_path_buf(),
        offset: offset as u64,
        expected,
        found,
    };
    let records = bytes.chunks_exact(record_len);
    let rest = records.remainder().len();
    if rest > 0 || bytes.is_empty() {
        let expected = format!("records of {record_len} bytes");
        return Err(malformed(bytes.len() - rest, expected, format!("{rest} bytes at the end")));
    }
    pixels.reserve(records.len() * PIXELS);
    for (index, record) in records.enumerate() {
        let label = record[kind.target];
        if label >= kind.classes {
            let expected = format!("a label below {}", kind.classes);
            return Err(malformed(index * record_len + kind.target, expected, label.to_string()));
        }
        labels.push(label.into());
        pixels.extend_from_slice(&record[kind.labels..]);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::fixtures::{loaded, write};
    use super::*;

    fn record(labels: &[u8], pixel: u8) -> Vec<u8> {
        [labels, &[pixel; PIXELS]].concat()
    }

    #[test]
    fn batches_follow_each_other_and_the_test_batch_is_held_out() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "data_batch_2.bin", &[record(&[9], 2), record(&[0], 3)].concat());
        write(folder.path(), "data_batch_1.bin", &record(&[3], 1));
        write(folder.path(), "test_batch.bin", &record(&[1], 4));
        write(
            folder.path(),
            "batches.meta.txt",
            b"airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n\n",
        );
        let data = loaded(folder.path()).unwrap();
        let Targets::Classes { labels, class_names } = data.train.targets() else { panic!("classes") };
        assert_eq!((labels.as_slice(), class_names[3].as_str()), (&[3, 9, 0][..], "cat"));
        let FeatureValues::Bytes { values, .. } = data.train.features().values() else { panic!("bytes") };
        assert_eq!([values[0], values[PIXELS], values[3 * PIXELS - 1]], [1, 2, 3]);
        assert_eq!(data.held_out.unwrap().len(), 1);
    }

    #[test]
    fn fine_labels_are_learnt_unless_coarse_ones_are_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "train.bin", &record(&[19, 99], 1));
        let labels = |target: Option<&str>| {
            let config = crate::data_config::DataConfig { target: target.map(str::to_owned), ..Default::default() };
            let source = Source { path: folder.path(), validation: None, config: &config };
            load(&source).map(|data| match data.train.targets() {
                Targets::Classes { labels, class_names } => (labels.clone(), class_names.len()),
                _ => panic!("classes"),
            })
        };
        assert_eq!(labels(None).unwrap(), (vec![99], 100));
        assert_eq!(labels(Some("coarse")).unwrap(), (vec![19], 20));
        let error = labels(Some("x")).unwrap_err().to_string();
        assert_eq!(error, "`data.target`: `x` is no label of these files; CIFAR-100 has `fine` and `coarse`");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..4000), cut in 0_usize..=6146) {
            let folder = tempfile::tempdir().unwrap();
            write(folder.path(), "data_batch_1.bin", &bytes);
            let _ = loaded(folder.path());
            write(folder.path(), "data_batch_1.bin", &[record(&[1], 1), record(&[2], 1)].concat()[..cut]);
            prop_assert_eq!(loaded(folder.path()).is_ok(), cut == PIXELS + 1 || cut == 2 * (PIXELS + 1));
        }
    }
}
