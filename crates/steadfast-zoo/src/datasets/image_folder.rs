//! A folder of images, one sub-folder for each class.
//!
//! `train`, `val` and `test` above the classes divide the data, as far as they are there. `docs/data.md` says which
//! files count and in which order.

use std::path::{Path, PathBuf};

use super::format::unrecognized;
use super::images::{Encoded, Origin, open};
use super::listing::{file_names, in_words};
use super::parts::{Part, Parts};
use super::source_sum::SourceSum;
use super::{DataError, Dataset, DatasetEntry, Format, LoadedData, Source, Targets};

/// The row of this format in the table of formats.
pub(super) const ENTRY: DatasetEntry = DatasetEntry {
    format: Format::ImageFolder,
    name: "image_folder",
    summary: "a folder of PNG and JPEG files, one sub-folder for each class",
    looks_for: "a folder with a sub-folder of PNG or JPEG files for each class",
    keys: &["image_size", "fit", "channels", "cache"],
    reads_validation: true,
    detect,
    load,
};

const ENDINGS: [&str; 3] = [".png", ".jpg", ".jpeg"];

/// Files that file managers leave behind.
const IGNORED: [&str; 2] = ["Thumbs.db", "desktop.ini"];

/// Folders in folders are entered so deep, links included.
const MAX_DEPTH: usize = 16;

fn detect(path: &Path) -> Result<bool, DataError> {
    if !path.is_dir() {
        return Ok(false);
    }
    for name in folders(path)? {
        let inside = path.join(&name);
        if file_names(&inside)?.iter().any(|name| is_image(name)) {
            return Ok(true);
        }
        if Part::of_folder(&name) == Some(Part::Train) {
            for class in folders(&inside)? {
                if file_names(&inside.join(class))?.iter().any(|name| is_image(name)) {
                    return Ok(true);
                }
            }
        }
    }
    Ok(false)
}

fn load(source: &Source<'_>) -> Result<LoadedData, DataError> {
    let path = source.path;
    if !path.is_dir() {
        return Err(unrecognized(path, ENTRY.looks_for.to_owned()));
    }
    let mut parts = Parts::new(&divided(path)?);
    parts.replace_validation(source.validation)?;
    let classes = class_folders(&parts.train)?;
    let prefix = if parts.train == path { String::new() } else { prefix_of(&parts.train) };
    let mut listed = vec![list(&parts.train, &classes, prefix)?];
    for part in parts.others() {
        listed.push(list(part, &known(part, &classes)?, prefix_of(part))?);
    }
    let targets: Vec<Targets> = listed.iter().map(|part| part.targets(&classes)).collect();
    let mut sum = SourceSum::default();
    let images = listed.iter().map(Listed::encoded).collect();
    let mut datasets = Vec::new();
    for ((part, targets), (features, digests)) in listed.iter().zip(targets).zip(open(images, source.config)?) {
        for (file, digest) in part.files.iter().zip(&digests) {
            sum.add(&format!("{}{}", part.prefix, file.name), digest);
        }
        datasets.push(Dataset::new(features, targets)?);
    }
    parts.loaded(datasets, Some(sum.finish()))
}

/// The sub-folders that divide the data; the folder itself if there is no `train` in it.
fn divided(path: &Path) -> Result<Vec<(Part, PathBuf)>, DataError> {
    let mut parts: Vec<(Part, PathBuf)> = Vec::new();
    for name in folders(path)? {
        let Some(part) = Part::of_folder(&name) else { continue };
        if let Some((_, first)) = parts.iter().find(|(known, _)| *known == part) {
            let first = first.file_name().unwrap_or_default().to_string_lossy().into_owned();
            return Err(DataError::Ambiguous { folder: path.to_path_buf(), first, second: name });
        }
        parts.push((part, path.join(name)));
    }
    let has_train = parts.iter().any(|(part, _)| *part == Part::Train);
    Ok(if has_train { parts } else { vec![(Part::Train, path.to_path_buf())] })
}

/// The names of the classes, in byte order.
fn class_folders(path: &Path) -> Result<Vec<String>, DataError> {
    let classes = folders(path)?;
    if classes.is_empty() {
        let looked_for = "sub-folder with the images of a class".to_owned();
        let holds = in_words(&file_names(path)?);
        return Err(DataError::NotInFolder { folder: path.to_path_buf(), looked_for, holds });
    }
    Ok(classes)
}

/// The classes that this part has; each of them must be a class of the training part.
fn known(path: &Path, classes: &[String]) -> Result<Vec<String>, DataError> {
    let own = class_folders(path)?;
    match own.iter().find(|name| !classes.contains(name)) {
        None => Ok(own),
        Some(name) => Err(DataError::Unlike {
            path: path.to_path_buf(),
            expected: format!("classes out of {}", in_words(classes)),
            found: format!("a folder `{name}`"),
        }),
    }
}

/// The names of the folders in a folder, hidden ones left out, in byte order.
fn folders(path: &Path) -> Result<Vec<String>, DataError> {
    let names = file_names(path)?.into_iter();
    Ok(names.filter(|name| !name.starts_with('.') && path.join(name).is_dir()).collect())
}

fn is_image(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    !name.starts_with('.') && ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// The files of a part, in byte order class by class.
struct Listed {
    path: PathBuf,
    /// What stands before the names in the sum of the files: the part's folder, if there is one.
    prefix: String,
    files: Vec<ListedFile>,
}

struct ListedFile {
    class: String,
    /// Relative to the folder of the part.
    name: String,
}

impl Listed {
    fn encoded(&self) -> Vec<Encoded> {
        let file = |file: &ListedFile| Encoded { path: self.path.join(&file.name), origin: Origin::File };
        self.files.iter().map(file).collect()
    }

    fn targets(&self, classes: &[String]) -> Targets {
        let label = |file: &ListedFile| classes.iter().position(|class| *class == file.class).unwrap_or(usize::MAX);
        let labels = self.files.iter().map(|file| u32::try_from(label(file)).unwrap_or(u32::MAX)).collect();
        Targets::Classes { labels, class_names: classes.to_vec() }
    }
}

fn prefix_of(path: &Path) -> String {
    format!("{}/", path.file_name().unwrap_or_default().to_string_lossy())
}

fn list(path: &Path, classes: &[String], prefix: String) -> Result<Listed, DataError> {
    let mut files = Vec::new();
    for class in classes {
        let before = files.len();
        collect(path, class, class, &mut files, 0)?;
        if files.len() == before {
            let folder = path.join(class);
            let holds = in_words(&file_names(&folder)?);
            return Err(DataError::NotInFolder { folder, looked_for: "PNG or JPEG file".to_owned(), holds });
        }
    }
    Ok(Listed { path: path.to_path_buf(), prefix, files })
}

/// Lists the images in a folder and the folders in it.
fn collect(
    root: &Path,
    class: &str,
    relative: &str,
    files: &mut Vec<ListedFile>,
    depth: usize,
) -> Result<(), DataError> {
    let folder = root.join(relative);
    for name in file_names(&folder)? {
        let path = folder.join(&name);
        if name.starts_with('.') || IGNORED.contains(&name.as_str()) {
            continue;
        }
        if name.contains('\n') {
            let problem = "has a line break in its name".to_owned();
            return Err(DataError::Content { path, place: String::new(), problem });
        }
        let relative = format!("{relative}/{name}");
        if path.is_dir() {
            if depth == MAX_DEPTH {
                let problem = "lies too deep in folders".to_owned();
                return Err(DataError::Content { path, place: String::new(), problem });
            }
            collect(root, class, &relative, files, depth + 1)?;
        } else if is_image(&name) {
            files.push(ListedFile { class: class.to_owned(), name: relative });
        } else {
            let problem = "is not named like a PNG or JPEG file, and stands among the images".to_owned();
            return Err(DataError::Content { path, place: String::new(), problem });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::super::fingerprint::hex;
    use super::super::fixtures::{loaded, loaded_with, refusal, write};
    use super::super::images::fixture::{file, png};
    use super::super::{FeatureValues, Format, Normalization, detect};
    use super::*;
    use crate::data_config::{DataConfig, ImageSize, ValidationConfig};

    fn gray(value: u8) -> Vec<u8> {
        png(4, 3, 1, |_| value)
    }

    /// A folder with two cats and a dog.
    fn pets() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "dog/1.PNG", &gray(3));
        write(folder.path(), "cat/b.png", &gray(2));
        write(folder.path(), "cat/a/x.png", &gray(1));
        write(folder.path(), "cat/.hidden", b"");
        write(folder.path(), "readme.txt", b"pets");
        folder
    }

    fn labels(dataset: &Dataset) -> (Vec<u32>, Vec<String>) {
        let Targets::Classes { labels, class_names } = dataset.targets() else { panic!("classes") };
        (labels.clone(), class_names.clone())
    }

    fn pixels(dataset: &Dataset) -> Vec<f32> {
        let indices: Vec<usize> = (0..dataset.len()).collect();
        let mut out = Vec::new();
        dataset.fill_batch(&indices, &Normalization::identity(), &mut out).unwrap();
        out
    }

    #[test]
    fn classes_are_folders_in_byte_order() {
        let folder = pets();
        assert_eq!(detect(folder.path()).unwrap(), Format::ImageFolder);
        let data = loaded(folder.path()).unwrap();
        assert_eq!(labels(&data.train), (vec![0, 0, 1], vec!["cat".to_owned(), "dog".to_owned()]));
        assert_eq!(data.train.sample_shape(), [1, 3, 4]);
        let first: Vec<f32> = pixels(&data.train).chunks(12).map(|image| (image[0] * 255.0).round()).collect();
        assert_eq!(first, [1.0, 2.0, 3.0]);
    }

    // cd FOLDER && find cat dog -type f | LC_ALL=C sort | xargs sha256sum | sha256sum
    #[test]
    fn the_fingerprint_is_the_sum_of_the_sums_of_the_files() {
        let folder = pets();
        let line = |(name, value)| format!("{}  {name}\n", hex(&Sha256::digest(gray(value))));
        let lines = [("cat/a/x.png", 1), ("cat/b.png", 2), ("dog/1.PNG", 3)].map(line);
        let expected = hex(&Sha256::digest(lines.concat()));
        assert_eq!(loaded(folder.path()).unwrap().fingerprint(), expected);
        let uncached = DataConfig { cache: 0, ..DataConfig::default() };
        assert_eq!(loaded_with(folder.path(), &uncached).unwrap().fingerprint(), expected);
        write(folder.path(), "dog/1.PNG", &gray(4));
        assert_ne!(loaded(folder.path()).unwrap().fingerprint(), expected);
    }

    #[test]
    fn decoding_late_gives_the_same_bits() {
        let folder = pets();
        write(folder.path(), "dog/2.jpg", &file("jpeg"));
        let now = loaded(folder.path()).unwrap().train;
        let late = loaded_with(folder.path(), &DataConfig { cache: 0, ..DataConfig::default() }).unwrap().train;
        assert!(matches!(now.features().values(), FeatureValues::Bytes { .. }));
        assert!(matches!(late.features().values(), FeatureValues::Images(_)));
        assert_eq!(pixels(&now), pixels(&late));
        assert_eq!(Normalization::measure(now.features()).unwrap(), Normalization::measure(late.features()).unwrap());
        let some = [3, 1];
        assert_eq!(pixels(&now.select(&some).unwrap()), pixels(&late.select(&some).unwrap()));
        assert!(late.select(&[4]).is_err());
        assert!(late.fill_batch(&[4], &Normalization::identity(), &mut Vec::new()).is_err());
    }

    #[test]
    fn a_file_that_changes_after_the_start_is_refused() {
        let folder = pets();
        let late = loaded_with(folder.path(), &DataConfig { cache: 0, ..DataConfig::default() }).unwrap().train;
        write(folder.path(), "dog/1.PNG", &gray(9));
        let error = late.fill_batch(&[2], &Normalization::identity(), &mut Vec::new()).unwrap_err().to_string();
        assert!(error.ends_with("dog/1.PNG: has changed since the start"), "{error}");
    }

    #[test]
    fn folders_divide_the_data_and_the_training_part_decides_about_the_size() {
        let folder = tempfile::tempdir().unwrap();
        for (name, value) in [("train/cat/1.png", 1), ("train/dog/1.png", 2), ("val/dog/1.png", 3)] {
            write(folder.path(), name, &gray(value));
        }
        write(folder.path(), "test/cat/large.png", &png(9, 9, 3, |_| 50));
        assert_eq!(detect(folder.path()).unwrap(), Format::ImageFolder);
        let data = loaded(folder.path()).unwrap();
        let validation = data.validation.as_ref().unwrap();
        assert_eq!((labels(validation).0, data.train.len()), (vec![1], 2));
        assert_eq!(data.held_out.as_ref().unwrap().sample_shape(), [1, 3, 4]);
        let error = data.clone().into_split(&[0, 1], Some(0.5)).unwrap_err().to_string();
        assert_eq!(error, "`data.validation.split`: the data has a validation part of its own; leave the key out");
        let split = data.into_split(&[0, 1], None).unwrap();
        assert_eq!((split.train.len(), split.validation.len(), split.test.unwrap().len()), (2, 1, 1));
    }

    #[test]
    fn validation_data_may_lie_elsewhere() {
        let (folder, elsewhere) = (pets(), tempfile::tempdir().unwrap());
        write(elsewhere.path(), "dog/1.png", &png(8, 6, 1, |_| 7));
        let path = Some(elsewhere.path().display().to_string());
        let validation = ValidationConfig { path, split: None };
        let config = DataConfig { validation, ..DataConfig::default() };
        let data = loaded_with(folder.path(), &config).unwrap();
        assert_eq!(labels(data.validation.as_ref().unwrap()).0, [1]);
        assert_ne!(data.fingerprint(), loaded(folder.path()).unwrap().fingerprint());
        write(elsewhere.path(), "cow/1.png", &gray(1));
        let error = loaded_with(folder.path(), &config).unwrap_err().to_string();
        assert!(error.ends_with("expected classes out of `cat`, `dog`, found a folder `cow`"), "{error}");
    }

    #[test]
    fn settings_are_obeyed() {
        let size = ImageSize { height: 2, width: 5 };
        let config = DataConfig { image_size: Some(size), channels: Some(3), ..DataConfig::default() };
        let data = loaded_with(pets().path(), &config).unwrap();
        assert_eq!(data.train.sample_shape(), [3, 2, 5]);
    }

    /// What is said about a folder with two good images and this one.
    fn with(name: &str, content: &[u8]) -> String {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "cat/1.png", &gray(1));
        write(folder.path(), "dog/1.png", &gray(2));
        write(folder.path(), name, content);
        refusal(folder.path(), folder.path())
    }

    /// A PNG that announces another size.
    fn announcing(width: u32, height: u32) -> Vec<u8> {
        let mut file = gray(1);
        file[16..20].copy_from_slice(&width.to_be_bytes());
        file[20..24].copy_from_slice(&height.to_be_bytes());
        file
    }

    #[test]
    fn bad_images_are_named() {
        let whole = gray(9);
        let mut damaged = png(40, 40, 3, |at| u8::try_from(at % 251).unwrap());
        let middle = damaged.len() / 2;
        damaged[middle] ^= 0xFF;
        let jpeg = file("jpeg");
        let answers = [
            with("cat/2.png", b""),
            with("cat/2.png", b"GIF89a"),
            with("cat/2.png", &announcing(0, 3)),
            with("cat/2.png", &announcing(30_000, 3)),
            with("cat/2.png", &announcing(16_000, 16_000)),
            with("cat/2.png", &announcing(8_000, 8_000)),
            with("cat/2.png", &announcing(5, 3)),
            with("cat/2.png", &whole[..whole.len() - 20]),
            with("cat/2.png", &damaged),
            with("cat/2.jpg", &jpeg[..jpeg.len() - 30]),
            with("cat/2.jpg", &jpeg[..30]),
            with("cat/2.webp", b"RIFF"),
            with("cow/readme", b""),
        ];
        insta::assert_snapshot!(answers.join("\n"), @"
        FOLDER/cat/2.png: the file is empty
        FOLDER/cat/2.png: is neither PNG nor JPEG: it begins with 0x47 0x49 0x46 0x38
        FOLDER/cat/2.png: an image of 0x3 pixels has none
        FOLDER/cat/2.png: an image of 30000x3 pixels has a side above 16384
        FOLDER/cat/2.png: an image of 16000x16000 pixels has more than 67108864
        FOLDER/cat/2.png: 16 bytes of data cannot hold the 8000x8000 pixels that are announced
        FOLDER/cat/2.png: the PNG is damaged: CRC error: expected 0x919ff11a have 0x7e5d9a24 while decoding ChunkType { type: IHDR, critical: true, private: false, reserved: false, safecopy: false } chunk.
        FOLDER/cat/2.png: the PNG is cut off: byte 33 announces 16 bytes that are not there
        FOLDER/cat/2.png: the PNG is damaged: CRC error: expected 0x178d2c7c have 0x10098621 while decoding ChunkType { type: IDAT, critical: true, private: false, reserved: false, safecopy: false } chunk.
        FOLDER/cat/2.jpg: the JPEG is cut off after 681 bytes
        FOLDER/cat/2.jpg: the JPEG is cut off after 30 bytes
        FOLDER/cat/2.webp: is not named like a PNG or JPEG file, and stands among the images
        FOLDER/cow/readme: is not named like a PNG or JPEG file, and stands among the images
        ");
    }

    #[test]
    fn a_single_pixel_is_an_image() {
        assert_eq!(with("cat/2.png", &png(1, 1, 1, |_| 5)), "accepted");
    }

    #[test]
    fn folders_without_images_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let config = DataConfig { format: crate::data_config::DataFormat::ImageFolder, ..DataConfig::default() };
        let refusal = || {
            let error = loaded_with(folder.path(), &config).unwrap_err().to_string();
            error.replace(&folder.path().display().to_string(), "FOLDER")
        };
        let none = refusal();
        write(folder.path(), "cat/.keep", b"");
        let empty = refusal();
        insta::assert_snapshot!([none, empty].join("\n"), @"
        no sub-folder with the images of a class in FOLDER, which holds nothing
        no PNG or JPEG file in FOLDER/cat, which holds `.keep`
        ");
    }
}
