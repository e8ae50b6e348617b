//! Arrays of `NumPy`: an `.npz` with `x` and `y`, or `x.npy` and `y.npy` in a folder.

use std::io::Read;
use std::path::{Path, PathBuf};

use zip::ZipArchive;

use super::byte_source::ByteSource;
use super::format::unrecognized;
use super::listing::{file_names, in_words};
use super::npy_array::Array;
use super::parts::Part;
use super::{DataError, Dataset, DatasetEntry, Features, Format, LoadedData, Source, Targets};
use crate::data_config::TargetTask;

/// The row of this format in the table of formats.
pub(super) const ENTRY: DatasetEntry = DatasetEntry {
    format: Format::Npy,
    name: "npy",
    summary: "arrays of NumPy: an `.npz` with `x` and `y`, or `x.npy` and `y.npy`",
    looks_for: "a file `*.npz`, or a folder with `x.npy` or `x_train.npy`",
    keys: &["task"],
    reads_validation: false,
    detect,
    load,
};

/// The largest array that is read, 16 GiB.
const MAX_BYTES: u64 = 1 << 34;

/// The most that a byte of a compressed entry can become.
const MAX_RATIO: u64 = 1032;

/// More entries than any archive of this kind has.
const MAX_ENTRIES: usize = 1000;

fn detect(path: &Path) -> Result<bool, DataError> {
    if path.is_dir() {
        return Ok(file_names(path)?
            .iter()
            .any(|name| name.strip_suffix(".npy").and_then(role) == Some(('x', Part::Train))));
    }
    Ok(path.is_file() && path.extension().is_some_and(|extension| extension == "npz" || extension == "npy"))
}

/// What an array of this name holds: inputs `x` or targets `y`, and of which part.
fn role(name: &str) -> Option<(char, Part)> {
    let name = name.to_ascii_lowercase();
    let words: Vec<&str> = name.split(['_', '-', '.']).collect();
    match words.as_slice() {
        ["x"] => Some(('x', Part::Train)),
        ["y"] => Some(('y', Part::Train)),
        ["x", part] | [part, "x"] => Some(('x', Part::of_folder(part)?)),
        ["y", part] | [part, "y"] => Some(('y', Part::of_folder(part)?)),
        _ => None,
    }
}

fn load(source: &Source<'_>) -> Result<LoadedData, DataError> {
    let path = source.path;
    let mut arrays = if path.is_dir() {
        in_folder(path)?
    } else if !path.is_file() {
        return Err(unrecognized(path, ENTRY.looks_for.to_owned()));
    } else if path.extension().is_some_and(|extension| extension == "npy") {
        let folder = path.parent().unwrap_or_else(|| Path::new(""));
        in_folder(if folder.as_os_str().is_empty() { Path::new(".") } else { folder })?
    } else {
        in_archive(path)?
    };
    let task = source.config.task;
    let Some(train) = arrays.part(Part::Train, task)? else {
        let looked_for = "array `x` or `x_train`".to_owned();
        return Err(DataError::NotInFolder { folder: path.to_path_buf(), looked_for, holds: in_words(&arrays.known) });
    };
    let others = [arrays.part(Part::Validation, task)?, arrays.part(Part::Test, task)?];
    let classes = others.iter().flatten().chain([&train]).map(|(_, targets)| targets.outputs()).max().unwrap_or(0);
    let dataset = |(features, targets): (Features, Targets)| Dataset::new(features, with_classes(targets, classes));
    let train = dataset(train)?;
    let [validation, held_out] = others.map(|part| part.map(dataset).transpose());
    let (validation, held_out) = (validation?, held_out?);
    for other in [&validation, &held_out].into_iter().flatten() {
        train.check_alike(other, path)?;
    }
    Ok(LoadedData { train, validation, held_out, fingerprint: None })
}

/// A class may occur in one part only.
fn with_classes(targets: Targets, classes: usize) -> Targets {
    match targets {
        Targets::Classes { labels, .. } => {
            Targets::Classes { labels, class_names: (0..classes).map(|class| class.to_string()).collect() }
        }
        other => other,
    }
}

/// The arrays that were found, each with the place that it comes from.
struct Arrays {
    found: Vec<((char, Part), PathBuf, Array)>,
    /// The names of everything that is there.
    known: Vec<String>,
}

impl Arrays {
    /// Inputs and targets of a part, if it has inputs.
    fn part(&mut self, part: Part, task: TargetTask) -> Result<Option<(Features, Targets)>, DataError> {
        let Some((inputs_at, inputs)) = self.take(('x', part)) else { return Ok(None) };
        let Some((targets_at, targets)) = self.take(('y', part)) else {
            let looked_for = "array `y` for it".to_owned();
            return Err(DataError::NotInFolder { folder: inputs_at, looked_for, holds: in_words(&self.known) });
        };
        if inputs.samples() != targets.samples() {
            let (samples, labels) = (inputs.samples(), targets.samples());
            return Err(DataError::CountMismatch { features: inputs_at, samples, targets: targets_at, labels });
        }
        let (values, shape) = inputs.features().map_err(|problem| content(&inputs_at, problem))?;
        let features = Features::new(values, shape)?;
        let targets = targets.targets(task).map_err(|problem| content(&targets_at, problem))?;
        Ok(Some((features, targets)))
    }

    fn take(&mut self, wanted: (char, Part)) -> Option<(PathBuf, Array)> {
        let place = self.found.iter().position(|(role, _, _)| *role == wanted)?;
        let (_, path, array) = self.found.swap_remove(place);
        Some((path, array))
    }
}

fn content(path: &Path, problem: String) -> DataError {
    DataError::Content { path: path.to_path_buf(), place: String::new(), problem }
}

fn in_folder(folder: &Path) -> Result<Arrays, DataError> {
    let known = file_names(folder)?;
    let mut found = Vec::new();
    for name in &known {
        let Some(role) = name.strip_suffix(".npy").and_then(role) else { continue };
        let path = folder.join(name);
        let bytes = ByteSource::open(&path)?.read_all(MAX_BYTES)?;
        let array = Array::parse(bytes).map_err(|problem| content(&path, problem))?;
        found.push((role, path, array));
    }
    Ok(Arrays { found, known })
}

fn in_archive(path: &Path) -> Result<Arrays, DataError> {
    let damaged = |error: zip::result::ZipError| content(path, format!("no archive of arrays: {error}"));
    let file = fs_err::File::open(path).map_err(|source| DataError::Read { path: path.to_path_buf(), source })?;
    let mut archive = ZipArchive::new(std::io::BufReader::new(file)).map_err(damaged)?;
    if archive.len() > MAX_ENTRIES {
        return Err(content(path, format!("{} arrays are too many", archive.len())));
    }
    let (mut found, mut known) = (Vec::new(), Vec::new());
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(damaged)?;
        let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
        known.push(name.clone());
        let Some(role) = name.strip_suffix(".npy").and_then(role) else { continue };
        let place = path.join(&name);
        let announced = entry.size();
        if announced > MAX_BYTES || announced > entry.compressed_size().saturating_mul(MAX_RATIO) {
            return Err(content(&place, format!("{announced} bytes cannot be in an entry of this length")));
        }
        let mut bytes = Vec::new();
        let read = entry.take(announced.saturating_add(1)).read_to_end(&mut bytes);
        read.map_err(|error| content(&place, format!("the archive is damaged: {error}")))?;
        found.push((role, place.clone(), Array::parse(bytes).map_err(|problem| content(&place, problem))?));
    }
    known.sort_unstable();
    Ok(Arrays { found, known })
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use proptest::prelude::*;
    use zip::write::{SimpleFileOptions, ZipWriter};

    use super::super::fixtures::{loaded, refusal, write};
    use super::super::npy_array::tests::npy;

    fn npz(entries: &[(&str, Vec<u8>)], method: zip::CompressionMethod) -> Vec<u8> {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in entries {
            archive.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
            archive.write_all(content).unwrap();
        }
        archive.finish().unwrap().into_inner()
    }

    fn images() -> Vec<u8> {
        npy("|u1", "(3, 2, 2)", &[7; 12])
    }

    #[test]
    fn archives_and_folders_hold_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let arrays = [
            ("x_train.npy", images()),
            ("y_train.npy", npy("<i8", "(3,)", &[0_i64, 2, 1].map(i64::to_le_bytes).concat())),
            ("x_test.npy", npy("|u1", "(1, 2, 2)", &[8; 4])),
            ("y_test.npy", npy("|u1", "(1, 1)", &[3])),
        ];
        for (name, content) in &arrays {
            write(folder.path(), &format!("folder/{name}"), content);
        }
        let stored = write(folder.path(), "a.npz", &npz(&arrays, zip::CompressionMethod::Stored));
        let deflated = write(folder.path(), "b.npz", &npz(&arrays, zip::CompressionMethod::Deflated));
        let data = loaded(&folder.path().join("folder")).unwrap();
        assert_eq!((data.train.sample_shape(), data.train.targets().outputs()), (&[1, 2, 2][..], 4));
        assert_eq!(data.held_out.as_ref().unwrap().len(), 1);
        assert_eq!(loaded(&stored).unwrap(), data);
        assert_eq!(loaded(&deflated).unwrap(), data);
        assert_eq!(loaded(&folder.path().join("folder/x_train.npy")).unwrap(), data);
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let labels = || npy("|u1", "(3,)", &[0, 1, 2]);
        let method = zip::CompressionMethod::Deflated;
        let cases = [
            npz(&[("x.npy", images()), ("y.npy", npy("|u1", "(2,)", &[0, 1]))], method),
            npz(&[("x.npy", images())], method),
            npz(&[("images.npy", images())], method),
            npz(&[("x.npy", images()), ("y.npy", npy("<i2", "(3,)", &[0, 0, 0xFF, 0xFF, 0, 0]))], method),
            npz(&[("x.npy", images()[..60].to_vec()), ("y.npy", labels())], method),
            npz(&[("x.npy", images()), ("y.npy", labels())], method)[..100].to_vec(),
            b"hello".to_vec(),
        ];
        let answers = cases.map(|content| refusal(&write(folder.path(), "d.npz", &content), folder.path()));
        insta::assert_snapshot!(answers.join("\n"), @"
        FOLDER/d.npz/x.npy holds 3 samples but FOLDER/d.npz/y.npy holds 2 targets
        no array `y` for it in FOLDER/d.npz/x.npy, which holds `x.npy`
        no array `x` or `x_train` in FOLDER/d.npz, which holds `images.npy`
        FOLDER/d.npz/y.npy: label 1 is -1, not a class from 0 to 65535
        FOLDER/d.npz/x.npy: the header is cut off
        FOLDER/d.npz: no archive of arrays: invalid Zip archive: Could not find EOCD
        FOLDER/d.npz: no archive of arrays: invalid Zip archive: Could not find EOCD
        ");
    }

    proptest! {
        #[test]
        fn damaged_archives_are_refused_or_read(
            flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
            keep in any::<prop::sample::Index>(),
            cut in any::<bool>(),
        ) {
            let labels = npy("|u1", "(3,)", &[0, 1, 2]);
            let mut file = npz(&[("x.npy", images()), ("y.npy", labels)], zip::CompressionMethod::Deflated);
            for (at, value) in flips {
                let at = at.index(file.len());
                file[at] = value;
            }
            if cut {
                file.truncate(keep.index(file.len()));
            }
            let folder = tempfile::tempdir().unwrap();
            let _ = loaded(&write(folder.path(), "d.npz", &file));
        }
    }
}
