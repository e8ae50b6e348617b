//! Which formats there are, and which of them lies at a path.

use std::io::ErrorKind;
use std::path::Path;

use steadfast_config::Section;

use super::listing::{file_names, in_words};
use super::{DATASETS, DataError, LoadedData};
use crate::data_config::DataConfig;

/// The formats that data can be read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Data that is part of the program.
    Builtin,
    /// The format of MNIST and its relatives.
    Idx,
    /// The binary files of CIFAR-10 and CIFAR-100.
    Cifar,
    /// Arrays of `NumPy`.
    Npy,
    /// Parquet files with images or columns.
    Parquet,
    /// Tables of comma-separated values.
    Csv,
    /// A folder of images, one sub-folder for each class.
    ImageFolder,
    /// Text, of which the next token is learnt.
    Text,
}

/// What is to be read, and how.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// A file, a folder or `builtin:NAME`.
    pub path: &'a Path,
    /// Where the validation part is, if it is elsewhere.
    pub validation: Option<&'a Path>,
    /// Everything else that a config says about data.
    pub config: &'a DataConfig,
}

/// A format, as it stands in the table [`DATASETS`].
#[derive(Clone, Copy, Debug)]
pub struct DatasetEntry {
    /// Which format this is.
    pub format: Format,
    /// The name that a config gives it.
    pub name: &'static str,
    /// What it is, in one line.
    pub summary: &'static str,
    /// What it is recognized by, to follow "looked for".
    pub looks_for: &'static str,
    /// Whether the path holds this format. It must be quick, and a path that does not exist is no
    /// error but something that this format does not hold.
    pub detect: fn(&Path) -> Result<bool, DataError>,
    /// The keys of the `data` section that are for some formats only and for this one, too.
    pub keys: &'static [&'static str],
    /// Whether it reads [`Source::validation`] itself, because the training part decides how.
    pub reads_validation: bool,
    /// Reads everything.
    pub load: fn(&Source<'_>) -> Result<LoadedData, DataError>,
}

impl Format {
    /// The entry of this format.
    pub fn entry(self) -> &'static DatasetEntry {
        match self {
            Self::Builtin => &super::builtin::ENTRY,
            Self::Idx => &super::idx::ENTRY,
            Self::Cifar => &super::cifar::ENTRY,
            Self::Npy => &super::npy::ENTRY,
            Self::Parquet => &super::parquet_file::ENTRY,
            Self::Csv => &super::csv::ENTRY,
            Self::Text => &super::text::ENTRY,
            Self::ImageFolder => &super::image_folder::ENTRY,
        }
    }

    /// The format that a config calls by this name.
    pub fn from_name(name: &str) -> Option<Self> {
        DATASETS.iter().find(|entry| entry.name == name).map(|entry| entry.format)
    }
}

/// Recognizes the format of what lies at `path`, which is a file, a folder or `builtin:NAME`.
pub fn detect(path: &Path) -> Result<Format, DataError> {
    for entry in DATASETS {
        if (entry.detect)(path)? {
            return Ok(entry.format);
        }
    }
    let looked_for: Vec<&str> = DATASETS.iter().map(|entry| entry.looks_for).collect();
    Err(unrecognized(path, looked_for.join(", or ")))
}

/// Reads what lies at a path, in the format that the config names or in the one that is recognized.
///
/// Refused with [`DataError::Setting`]: a key that is given and means nothing to this format.
pub fn load(source: &Source<'_>) -> Result<LoadedData, DataError> {
    // `auto` is no name of a format. Built-in data needs none, whatever the config says.
    let builtin = super::builtin::ENTRY;
    let entry = match Format::from_name(source.config.format.as_str()) {
        _ if (builtin.detect)(source.path)? => Format::Builtin.entry(),
        Some(format) => format.entry(),
        None => detect(source.path)?.entry(),
    };
    check_keys(entry, source.config)?;
    let data = (entry.load)(source)?;
    match source.validation {
        Some(path) if !entry.reads_validation => with_validation(data, entry, &Source { path, ..*source }),
        _ => Ok(data),
    }
}

/// Reads the validation part with the same settings, from a place of its own.
fn with_validation(data: LoadedData, entry: &DatasetEntry, source: &Source<'_>) -> Result<LoadedData, DataError> {
    let validation = (entry.load)(source)?.train;
    data.train.check_alike(&validation, source.path)?;
    Ok(LoadedData { validation: Some(validation), ..data })
}

/// Refuses what a config says in vain.
fn check_keys(entry: &DatasetEntry, config: &DataConfig) -> Result<(), DataError> {
    let defaults = DataConfig::default().to_json();
    let given = config.to_json();
    let for_some = |key: &&'static str| DATASETS.iter().any(|entry| entry.keys.contains(key));
    let in_vain = |key: &&'static str| !entry.keys.contains(key) && given[*key] != defaults[*key];
    let keys = DataConfig::fields();
    match keys.iter().map(|field| field.name).filter(for_some).find(in_vain) {
        None => Ok(()),
        Some(key) => {
            let takes: Vec<&str> = DATASETS.iter().filter(|entry| entry.keys.contains(&key)).map(|e| e.name).collect();
            let problem = format!("means nothing to data of the format {}, only to {}", entry.name, takes.join(", "));
            Err(DataError::Setting { key, problem })
        }
    }
}

/// Says what is there instead of what was looked for.
pub(super) fn unrecognized(path: &Path, looked_for: String) -> DataError {
    let path = path.to_path_buf();
    let found = match fs_err::metadata(&path) {
        Ok(metadata) if metadata.is_dir() => {
            file_names(&path).map(|names| format!("a folder that holds {}", in_words(&names)))
        }
        Ok(_) => Ok("a file".to_owned()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return DataError::Missing { path, looked_for };
        }
        Err(source) => return DataError::Read { path, source },
    };
    match found {
        Ok(found) => DataError::Unrecognized { path, looked_for, found },
        Err(error) => error,
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{loaded, loaded_with};
    use super::*;

    #[test]
    fn every_format_has_one_entry_under_its_name() {
        for entry in DATASETS {
            assert_eq!(Format::from_name(entry.name), Some(entry.format));
            assert_eq!(entry.format.entry().name, entry.name);
            assert!(!entry.summary.is_empty() && !entry.looks_for.is_empty());
        }
        assert_eq!(Format::from_name("auto"), None);
    }

    #[test]
    fn what_no_format_recognizes_is_described() {
        let folder = tempfile::tempdir().unwrap();
        fs_err::write(folder.path().join("cat.png"), "").unwrap();
        let place = |text: String| text.replace(&folder.path().display().to_string(), "FOLDER");

        let error = place(detect(folder.path()).unwrap_err().to_string());
        insta::assert_snapshot!(error, @"FOLDER is in no known format; looked for `builtin:` and a name, or a folder with `train-images-idx3-ubyte` and `train-labels-idx1-ubyte` (or .gz), or a folder with `data_batch_1.bin` or `train.bin` of CIFAR, or a file `*.npz`, or a folder with `x.npy` or `x_train.npy`, or a file `*.parquet`, or a folder with some, or a file `*.csv` or `*.tsv`, or a folder with `train.csv`, or a folder with a sub-folder of PNG or JPEG files for each class, or a file `*.txt` or `*.md`, or a folder with some; found a folder that holds `cat.png`");
        let error = place(detect(&folder.path().join("cat.png")).unwrap_err().to_string());
        insta::assert_snapshot!(error, @"FOLDER/cat.png is in no known format; looked for `builtin:` and a name, or a folder with `train-images-idx3-ubyte` and `train-labels-idx1-ubyte` (or .gz), or a folder with `data_batch_1.bin` or `train.bin` of CIFAR, or a file `*.npz`, or a folder with `x.npy` or `x_train.npy`, or a file `*.parquet`, or a folder with some, or a file `*.csv` or `*.tsv`, or a folder with `train.csv`, or a folder with a sub-folder of PNG or JPEG files for each class, or a file `*.txt` or `*.md`, or a folder with some; found a file");
        let error = place(detect(&folder.path().join("dog")).unwrap_err().to_string());
        insta::assert_snapshot!(error, @"FOLDER/dog does not exist; looked for `builtin:` and a name, or a folder with `train-images-idx3-ubyte` and `train-labels-idx1-ubyte` (or .gz), or a folder with `data_batch_1.bin` or `train.bin` of CIFAR, or a file `*.npz`, or a folder with `x.npy` or `x_train.npy`, or a file `*.parquet`, or a folder with some, or a file `*.csv` or `*.tsv`, or a folder with `train.csv`, or a folder with a sub-folder of PNG or JPEG files for each class, or a file `*.txt` or `*.md`, or a folder with some");
    }

    #[test]
    fn builtin_data_is_recognized_and_read() {
        assert_eq!(detect(Path::new("builtin:iris")).unwrap(), Format::Builtin);
        assert_eq!(loaded(Path::new("builtin:iris")).unwrap().train.len(), 150);
    }

    #[test]
    fn a_key_that_means_nothing_to_the_format_is_refused() {
        let config = DataConfig { channels: Some(3), ..DataConfig::default() };
        let error = loaded_with(Path::new("builtin:iris"), &config).unwrap_err().to_string();
        insta::assert_snapshot!(error, @"`data.channels`: means nothing to data of the format builtin, only to parquet, image_folder");
    }
}
