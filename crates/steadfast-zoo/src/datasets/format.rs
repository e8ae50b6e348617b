//! Which formats there are, and which of them lies at a path.

use std::io::ErrorKind;
use std::path::Path;

use super::listing::{file_names, in_words};
use super::{DATASETS, DataError, LoadedData};

/// The formats that data can be read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Data that is part of the program.
    Builtin,
    /// The format of MNIST and its relatives.
    Idx,
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
    /// Reads everything.
    pub load: fn(&Path) -> Result<LoadedData, DataError>,
}

impl Format {
    /// The entry of this format.
    pub fn entry(self) -> &'static DatasetEntry {
        match self {
            Self::Builtin => &super::builtin::ENTRY,
            Self::Idx => &super::idx::ENTRY,
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

/// Reads what lies at `path`, in this format or in the one that is recognized.
pub fn load(path: &Path, format: Option<Format>) -> Result<LoadedData, DataError> {
    let format = match format {
        Some(format) => format,
        None => detect(path)?,
    };
    (format.entry().load)(path)
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
        insta::assert_snapshot!(error, @"FOLDER is in no known format; looked for `builtin:` and a name, or a folder with `train-images-idx3-ubyte` and `train-labels-idx1-ubyte` (or .gz); found a folder that holds `cat.png`");
        let error = place(detect(&folder.path().join("cat.png")).unwrap_err().to_string());
        insta::assert_snapshot!(error, @"FOLDER/cat.png is in no known format; looked for `builtin:` and a name, or a folder with `train-images-idx3-ubyte` and `train-labels-idx1-ubyte` (or .gz); found a file");
        let error = place(detect(&folder.path().join("dog")).unwrap_err().to_string());
        insta::assert_snapshot!(error, @"FOLDER/dog does not exist; looked for `builtin:` and a name, or a folder with `train-images-idx3-ubyte` and `train-labels-idx1-ubyte` (or .gz)");
    }

    #[test]
    fn builtin_data_is_recognized_and_read() {
        assert_eq!(detect(Path::new("builtin:iris")).unwrap(), Format::Builtin);
        assert_eq!(load(Path::new("builtin:iris"), None).unwrap().train.len(), 150);
        assert!(load(Path::new("builtin:iris"), Some(Format::Idx)).is_err());
    }
}
