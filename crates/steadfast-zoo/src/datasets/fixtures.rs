//! What the tests of several formats need.

use std::path::{Path, PathBuf};

use super::{DataError, LoadedData, Source, load};
use crate::data_config::DataConfig;

/// Writes a file and the folders above it.
pub(super) fn write(folder: &Path, name: &str, content: &[u8]) -> PathBuf {
    let path = folder.join(name);
    fs_err::create_dir_all(path.parent().unwrap()).unwrap();
    fs_err::write(&path, content).unwrap();
    path
}

/// Reads what lies at a path, with no settings.
pub(super) fn loaded(path: &Path) -> Result<LoadedData, DataError> {
    loaded_with(path, &DataConfig::default())
}

/// Reads what lies at a path, with these settings.
pub(super) fn loaded_with(path: &Path, config: &DataConfig) -> Result<LoadedData, DataError> {
    load(&Source { path, validation: config.validation.path.as_deref().map(Path::new), config })
}

/// The message about what lies at a path, its folder replaced by `FOLDER`.
pub(super) fn refusal(path: &Path, folder: &Path) -> String {
    let message = match loaded(path) {
        Ok(_) => "accepted".to_owned(),
        Err(error) => {
            let source = std::error::Error::source(&error).map(|source| format!(": {source}"));
            format!("{error}{}", source.unwrap_or_default())
        }
    };
    message.replace(&folder.display().to_string(), "FOLDER")
}
