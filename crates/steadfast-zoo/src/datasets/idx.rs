//! The IDX format: a folder with images and labels in one file each, as MNIST made it known.
//!
//! `train-images-idx3-ubyte` and `train-labels-idx1-ubyte` are the training data,
//! `t10k-images-idx3-ubyte` and `t10k-labels-idx1-ubyte` the held-out data, if there are any. All
//! of them may be gzipped, and a dot may stand before `idx`.

use std::path::Path;

use super::format::unrecognized;
use super::idx_file::IdxFile;
use super::listing::{file_names, in_words};
use super::{DataError, Dataset, DatasetEntry, Features, Format, LoadedData, Source, Targets};

/// The row of this format in the table of formats.
pub(super) const ENTRY: DatasetEntry = DatasetEntry {
    format: Format::Idx,
    name: "idx",
    summary: "a folder with images and labels in IDX files (MNIST and relatives), plain or gzipped",
    looks_for: "a folder with `train-images-idx3-ubyte` and `train-labels-idx1-ubyte` (or .gz)",
    keys: &[],
    reads_validation: false,
    detect,
    load,
};

const TRAIN: &str = "train";
const HELD_OUT: &str = "t10k";

fn detect(path: &Path) -> Result<bool, DataError> {
    if !path.is_dir() {
        return Ok(false);
    }
    let names = file_names(path)?;
    Ok(names.iter().any(|name| is_file_of(name, TRAIN, "images")))
}

fn load(source: &Source<'_>) -> Result<LoadedData, DataError> {
    let path = source.path;
    if !path.is_dir() {
        return Err(unrecognized(path, ENTRY.looks_for.to_owned()));
    }
    let folder = Folder { path, names: file_names(path)? };
    let (features, targets) = folder.read(TRAIN)?;
    if !folder.holds(HELD_OUT) {
        return Ok(LoadedData::of(Dataset::new(features, targets)?));
    }
    let (held_out_features, held_out_targets) = folder.read(HELD_OUT)?;
    let (targets, held_out_targets) = with_all_classes(targets, held_out_targets);
    let train = Dataset::new(features, targets)?;
    let held_out = Dataset::new(held_out_features, held_out_targets)?;
    train.check_alike(&held_out, &path.join("t10k-*"))?;
    Ok(LoadedData { held_out: Some(held_out), ..LoadedData::of(train) })
}

/// A folder and the names in it, in byte order.
struct Folder<'a> {
    path: &'a Path,
    names: Vec<String>,
}

impl Folder<'_> {
    /// Whether there is any file of this part.
    fn holds(&self, part: &str) -> bool {
        let kinds = ["images", "labels"];
        self.names.iter().any(|name| kinds.iter().any(|kind| is_file_of(name, part, kind)))
    }

    /// Reads the images and the labels of a part.
    fn read(&self, part: &str) -> Result<(Features, Targets), DataError> {
        let images = IdxFile::open(&self.path.join(self.find(part, "images")?))?;
        let labels = IdxFile::open(&self.path.join(self.find(part, "labels")?))?;
        // The headers are enough to see it, and the labels are the cheaper half to read.
        if images.samples() != labels.samples() {
            return Err(DataError::CountMismatch {
                features: images.path().to_path_buf(),
                samples: images.samples(),
                targets: labels.path().to_path_buf(),
                labels: labels.samples(),
            });
        }
        let targets = labels.read_targets()?;
        Ok((images.read_features()?, targets))
    }

    /// The name of one file. A plain file is preferred to its gzipped twin.
    fn find(&self, part: &str, kind: &str) -> Result<&str, DataError> {
        let of_kind = || self.names.iter().filter(|name| is_file_of(name, part, kind));
        let plain: Vec<&String> = of_kind().filter(|name| !name.ends_with(GZIP_SUFFIX)).collect();
        let candidates = if plain.is_empty() { of_kind().collect() } else { plain };
        match candidates.as_slice() {
            [name] => Ok(name),
            [] => Err(DataError::NotInFolder {
                folder: self.path.to_path_buf(),
                looked_for: usual_name(part, kind),
                holds: in_words(&self.names),
            }),
            [first, second, ..] => Err(DataError::Ambiguous {
                folder: self.path.to_path_buf(),
                first: (*first).clone(),
                second: (*second).clone(),
            }),
        }
    }
}

const GZIP_SUFFIX: &str = ".gz";

/// Whether this name is that of the images or labels of a part: `train-images`, then `-idx` or
/// `.idx`, then nothing or the number of axes and the type of the values, as in `3-ubyte`.
fn is_file_of(name: &str, part: &str, kind: &str) -> bool {
    let name = name.strip_suffix(GZIP_SUFFIX).unwrap_or(name);
    let rest = name
        .strip_prefix(part)
        .and_then(|rest| rest.strip_prefix('-'))
        .and_then(|rest| rest.strip_prefix(kind))
        .and_then(|rest| rest.strip_prefix(['-', '.']))
        .and_then(|rest| rest.strip_prefix("idx"));
    match rest.map(str::as_bytes) {
        Some([]) => true,
        Some([axes, b'-', element @ ..]) => {
            axes.is_ascii_digit() && !element.is_empty() && element.iter().all(u8::is_ascii_alphanumeric)
        }
        _ => false,
    }
}

fn usual_name(part: &str, kind: &str) -> String {
    let axes = if kind == "images" { 3 } else { 1 };
    format!("`{part}-{kind}-idx{axes}-ubyte` (or .gz)")
}

/// Gives both parts the classes of whichever has more: a class may occur in one of them only.
fn with_all_classes(train: Targets, held_out: Targets) -> (Targets, Targets) {
    match (train, held_out) {
        (Targets::Classes { labels: train, class_names: a }, Targets::Classes { labels: held_out, class_names: b }) => {
            let class_names = if a.len() < b.len() { b } else { a };
            (
                Targets::Classes { labels: train, class_names: class_names.clone() },
                Targets::Classes { labels: held_out, class_names },
            )
        }
        unlike => unlike,
    }
}

#[cfg(test)]
mod tests {
    use super::super::idx_fixture::{gzip, idx, write};
    use super::super::{FeatureValues, detect};
    use super::*;
    use crate::data_config::DataConfig;

    const IMAGES: &str = "train-images-idx3-ubyte";
    const LABELS: &str = "train-labels-idx1-ubyte";
    const TEST_IMAGES: &str = "t10k-images-idx3-ubyte";
    const TEST_LABELS: &str = "t10k-labels-idx1-ubyte";

    /// Images of 2 by 2 pixels, one for each label.
    fn images(count: u32) -> Vec<u8> {
        let pixels: Vec<u8> = (0..=255).take(4 * count as usize).collect();
        idx(8, &[count, 2, 2], &pixels)
    }

    fn labels(labels: &[u8]) -> Vec<u8> {
        idx(8, &[u32::try_from(labels.len()).unwrap()], labels)
    }

    fn load_idx(path: &Path) -> Result<LoadedData, DataError> {
        load(&Source { path, validation: None, config: &DataConfig::default() })
    }

    /// Reads a folder that holds these files.
    fn read(files: &[(&str, Vec<u8>)]) -> Result<LoadedData, String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            write(folder.path(), name, bytes);
        }
        let place = folder.path().display().to_string();
        load_idx(folder.path()).map_err(|error| error.to_string().replace(&place, "FOLDER"))
    }

    #[test]
    fn every_spelling_of_the_same_data_has_the_same_fingerprint() {
        let (train, test) = (labels(&[0, 2, 1]), labels(&[1, 3]));
        let plain = read(&[
            (IMAGES, images(3)),
            (LABELS, train.clone()),
            (TEST_IMAGES, images(2)),
            (TEST_LABELS, test.clone()),
        ])
        .unwrap();
        let zipped = read(&[
            ("train-images-idx3-ubyte.gz", gzip(&images(3))),
            ("train-labels-idx1-ubyte.gz", gzip(&train)),
            ("t10k-images-idx3-ubyte.gz", gzip(&images(2))),
            ("t10k-labels-idx1-ubyte.gz", gzip(&test)),
        ])
        .unwrap();
        let mixed = read(&[
            ("train-images.idx3-ubyte", images(3)),
            // Downloads are often decompressed without being renamed.
            ("train-labels.idx1-ubyte.gz", train.clone()),
            ("t10k-images.idx", images(2)),
            ("t10k-labels-idx1-ubyte", gzip(&test)),
        ])
        .unwrap();
        assert_eq!(plain, zipped);
        assert_eq!(plain, mixed);
        assert_eq!(plain.fingerprint(), zipped.fingerprint());
        assert_eq!(plain.fingerprint(), mixed.fingerprint());

        let alone = read(&[(IMAGES, images(3)), (LABELS, train)]).unwrap();
        assert_ne!(plain.fingerprint(), alone.fingerprint());
    }

    #[test]
    fn images_labels_and_classes_arrive() {
        let loaded = read(&[
            (IMAGES, images(3)),
            (LABELS, labels(&[0, 2, 1])),
            (TEST_IMAGES, images(1)),
            (TEST_LABELS, labels(&[3])),
        ])
        .unwrap();
        let held_out = loaded.held_out.unwrap();
        assert_eq!((loaded.train.len(), held_out.len()), (3, 1));
        assert_eq!(loaded.train.sample_shape(), [1, 2, 2]);
        let FeatureValues::Bytes { values, full_scale } = loaded.train.features().values() else { panic!("not bytes") };
        assert_eq!((values.as_slice(), *full_scale), (&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11][..], 255.0));
        // Class 3 occurs in the held-out part only.
        assert_eq!((loaded.train.targets().outputs(), held_out.targets().outputs()), (4, 4));
    }

    #[test]
    fn a_plain_file_is_preferred_to_its_gzipped_twin() {
        let files = [(IMAGES, images(2)), ("train-images-idx3-ubyte.gz", gzip(&images(1))), (LABELS, labels(&[0, 1]))];
        assert_eq!(read(&files).unwrap().train.len(), 2);
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        let half = (0..3_u32).flat_map(|_| 0.5_f32.to_be_bytes()).collect::<Vec<u8>>();
        let three = || vec![(IMAGES, images(3)), (LABELS, labels(&[0, 1, 2]))];
        let with = |more: Vec<(&'static str, Vec<u8>)>| [three(), more].concat();
        let cases: Vec<Vec<(&str, Vec<u8>)>> = vec![
            vec![],
            vec![(IMAGES, images(3)), ("readme.txt", vec![])],
            vec![(LABELS, labels(&[0]))],
            vec![(IMAGES, images(3)), (LABELS, labels(&[0, 1]))],
            with(vec![(TEST_IMAGES, images(1))]),
            with(vec![(TEST_LABELS, labels(&[0]))]),
            with(vec![("train-images.idx3-ubyte", images(3))]),
            with(vec![(TEST_IMAGES, idx(8, &[1, 2, 3], &[0; 6])), (TEST_LABELS, labels(&[0]))]),
            with(vec![(TEST_IMAGES, images(3)), (TEST_LABELS, idx(0x0D, &[3], &half))]),
            vec![(IMAGES, b"PK\x03\x04".to_vec()), (LABELS, labels(&[0]))],
        ];
        let answers: Vec<String> = cases.iter().map(|files| read(files).unwrap_err()).collect();
        insta::assert_snapshot!(answers.join("\n"), @r"
        no `train-images-idx3-ubyte` (or .gz) in FOLDER, which holds nothing
        no `train-labels-idx1-ubyte` (or .gz) in FOLDER, which holds `readme.txt`, `train-images-idx3-ubyte`
        no `train-images-idx3-ubyte` (or .gz) in FOLDER, which holds `train-labels-idx1-ubyte`
        FOLDER/train-images-idx3-ubyte holds 3 samples but FOLDER/train-labels-idx1-ubyte holds 2 targets
        no `t10k-labels-idx1-ubyte` (or .gz) in FOLDER, which holds `t10k-images-idx3-ubyte`, `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`
        no `t10k-images-idx3-ubyte` (or .gz) in FOLDER, which holds `t10k-labels-idx1-ubyte`, `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`
        FOLDER holds both `train-images-idx3-ubyte` and `train-images.idx3-ubyte`; keep one of them
        FOLDER/t10k-* does not fit the training data: expected samples of shape [1, 2, 2], found samples of shape [1, 2, 3]
        FOLDER/t10k-* does not fit the training data: expected classes, found values
        FOLDER/train-images-idx3-ubyte, byte 0: expected the bytes 0x00 0x00 of an IDX file or a gzip stream, found 0x50 0x4b
        ");
    }

    #[test]
    fn a_folder_is_recognized_by_its_training_images() {
        let folder = tempfile::tempdir().unwrap();
        assert!(detect(folder.path()).is_err());
        let file = write(folder.path(), "train-images.idx3-ubyte.gz", &[]);
        assert_eq!(detect(folder.path()).unwrap(), Format::Idx);
        assert!(detect(&file).is_err());
        let error = load_idx(&file).unwrap_err().to_string();
        assert!(error.ends_with("found a file"), "{error}");
    }

    #[test]
    fn names_are_recognized_as_a_whole() {
        let cases = [
            ("train-images-idx3-ubyte", true),
            ("train-images-idx4-float.gz", true),
            ("train-images.idx3-ubyte", true),
            ("train-images.idx", true),
            ("train-images.idx.gz", true),
            ("train-images-idx3-ubyte.gz.part", false),
            ("train-images-idx3-ubyte.bz2", false),
            ("train-images-idx3-", false),
            ("train-images-idx-ubyte", false),
            ("train-images-idx33-ubyte", false),
            ("train-images", false),
            ("train-labels-idx1-ubyte", false),
            ("my-train-images-idx3-ubyte", false),
            ("", false),
        ];
        for (name, expected) in cases {
            assert_eq!(is_file_of(name, TRAIN, "images"), expected, "{name}");
        }
    }
}
