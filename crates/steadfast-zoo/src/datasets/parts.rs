//! Which files and folders hold the training, the validation and the test part of a data set, told by their names.

use std::path::{Path, PathBuf};

use super::{DataError, Dataset, LoadedData};

/// A part of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Train,
    Validation,
    Test,
}

impl Part {
    /// What a folder of this name holds.
    pub(super) fn of_folder(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "train" | "training" => Some(Self::Train),
            "val" | "valid" | "validation" | "dev" => Some(Self::Validation),
            "test" | "testing" => Some(Self::Test),
            _ => None,
        }
    }

    /// What a file of this name holds: its first word says it, as in `train-00000-of-00002.parquet`.
    pub(super) fn of_file(name: &str) -> Option<Self> {
        let word = name.split(|character: char| !character.is_ascii_alphabetic()).next()?;
        Self::of_folder(word)
    }
}

/// Where the parts of a data set are.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) train: PathBuf,
    validation: Option<PathBuf>,
    test: Option<PathBuf>,
}

impl Parts {
    /// Takes these places, of which the first of a part counts.
    pub(super) fn new(places: &[(Part, PathBuf)]) -> Self {
        let find = |wanted| places.iter().find(|(part, _)| *part == wanted).map(|(_, path)| path.clone());
        Self {
            train: find(Part::Train).unwrap_or_default(),
            validation: find(Part::Validation),
            test: find(Part::Test),
        }
    }

    /// Takes the validation part from elsewhere, if the config says so.
    pub(super) fn replace_validation(&mut self, given: Option<&Path>) -> Result<(), DataError> {
        if let Some(path) = given {
            if let Err(source) = fs_err::metadata(path) {
                return Err(DataError::Read { path: path.to_path_buf(), source });
            }
            self.validation = Some(path.to_path_buf());
        }
        Ok(())
    }

    /// The places beside the training part, as far as there are any, in order.
    pub(super) fn others(&self) -> impl Iterator<Item = &PathBuf> {
        self.validation.iter().chain(&self.test)
    }

    /// Puts together what was read from the training part and from [`Self::others`].
    pub(super) fn loaded(&self, datasets: Vec<Dataset>, fingerprint: Option<String>) -> Result<LoadedData, DataError> {
        let mut datasets = datasets.into_iter();
        let train = datasets.next().ok_or_else(|| DataError::Inconsistent("no training part".to_owned()))?;
        let mut alike = |path: &Option<PathBuf>| -> Result<Option<Dataset>, DataError> {
            let (Some(path), Some(dataset)) = (path, path.as_ref().and_then(|_| datasets.next())) else {
                return Ok(None);
            };
            train.check_alike(&dataset, path)?;
            Ok(Some(dataset))
        };
        let validation = alike(&self.validation)?;
        let held_out = alike(&self.test)?;
        Ok(LoadedData { train, validation, held_out, fingerprint })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_of_a_name_says_the_part() {
        let cases = [
            ("train-00000-of-00002.parquet", Some(Part::Train)),
            ("train.csv", Some(Part::Train)),
            ("Validation_1.txt", Some(Part::Validation)),
            ("dev.txt", Some(Part::Validation)),
            ("test2.csv", Some(Part::Test)),
            ("trainer.csv", None),
            ("data.csv", None),
            ("", None),
        ];
        for (name, part) in cases {
            assert_eq!(Part::of_file(name), part, "{name}");
        }
    }
}
