//! Text, of which the next character or token is learnt: a file, or a folder of files.

use std::path::{Path, PathBuf};

use super::byte_source::ByteSource;
use super::format::unrecognized;
use super::listing::file_names;
use super::parts::{Part, Parts};
use super::tokenizer::Tokenizer;
use super::{DataError, Dataset, DatasetEntry, FeatureValues, Features, Format, LoadedData, Source, Targets};

/// The row of this format in the table of formats.
pub(super) const ENTRY: DatasetEntry = DatasetEntry {
    format: Format::Text,
    name: "text",
    summary: "text, of which the next character or token is learnt",
    looks_for: "a file `*.txt` or `*.md`, or a folder with some",
    keys: &["context", "tokenizer", "vocabulary_size"],
    reads_validation: true,
    detect,
    load,
};

/// Positions in a sample, unless the config says otherwise.
const DEFAULT_CONTEXT: usize = 128;

/// The largest file that is read, decompressed.
const MAX_BYTES: u64 = 1 << 32;

/// Folders in folders are entered so deep, links included.
const MAX_DEPTH: usize = 16;

fn detect(path: &Path) -> Result<bool, DataError> {
    if path.is_dir() {
        return Ok(file_names(path)?.iter().any(|name| is_text(name)));
    }
    Ok(path.is_file() && path.file_name().is_some_and(|name| is_text(&name.to_string_lossy())))
}

fn is_text(name: &str) -> bool {
    let extension = Path::new(name).extension().map(std::ffi::OsStr::to_ascii_lowercase);
    !name.starts_with('.') && extension.is_some_and(|extension| extension == "txt" || extension == "md")
}

/// The part that a file holds by its whole name: `train.txt`, but neither `training.md` nor `train-notes.txt`.
fn part_of(name: &str) -> Option<Part> {
    let stem = Path::new(name).file_stem()?.to_str()?;
    if stem == "training" { None } else { Part::of_folder(stem) }
}

/// The texts of a folder by the parts that they hold; the folder itself if none is called `train`.
fn places(path: &Path) -> Result<Vec<(Part, PathBuf)>, DataError> {
    let whole = vec![(Part::Train, path.to_path_buf())];
    if !path.is_dir() {
        return Ok(whole);
    }
    let mut places: Vec<(Part, PathBuf)> = Vec::new();
    for name in file_names(path)?.into_iter().filter(|name| is_text(name)) {
        let Some(part) = part_of(&name) else { continue };
        if let Some((_, first)) = places.iter().find(|(known, _)| *known == part) {
            let first = first.file_name().unwrap_or_default().to_string_lossy().into_owned();
            return Err(DataError::Ambiguous { folder: path.to_path_buf(), first, second: name });
        }
        places.push((part, path.join(name)));
    }
    let has_train = places.iter().any(|(part, _)| *part == Part::Train);
    Ok(if has_train { places } else { whole })
}

fn load(source: &Source<'_>) -> Result<LoadedData, DataError> {
    if !source.path.exists() {
        return Err(unrecognized(source.path, ENTRY.looks_for.to_owned()));
    }
    let mut parts = Parts::new(&places(source.path)?);
    parts.replace_validation(source.validation)?;
    let places: Vec<&PathBuf> = std::iter::once(&parts.train).chain(parts.others()).collect();
    let texts = places.iter().map(|path| read(path)).collect::<Result<Vec<_>, _>>()?;
    let tokenizer = Tokenizer::new(&texts, source.config)?;
    let context = source.config.context.unwrap_or(DEFAULT_CONTEXT);
    let datasets = places.iter().zip(&texts).map(|(path, text)| windows(path, text, &tokenizer, context));
    parts.loaded(datasets.collect::<Result<_, _>>()?, None)
}

/// The text of a file, or of all files of a folder in byte order of their names.
fn read(path: &Path) -> Result<String, DataError> {
    let mut text = String::new();
    append(path, &mut text, 0)?;
    Ok(text)
}

fn append(path: &Path, text: &mut String, depth: usize) -> Result<(), DataError> {
    if !path.is_dir() {
        let bytes = ByteSource::open(path)?.read_all(MAX_BYTES)?;
        let more = std::str::from_utf8(&bytes).map_err(|error| {
            let at = error.valid_up_to();
            let found = bytes.get(at).map_or_else(String::new, |byte| format!("0x{byte:02x}"));
            DataError::Malformed { path: path.to_path_buf(), offset: at as u64, expected: "UTF-8".to_owned(), found }
        })?;
        text.push_str(more);
        return Ok(());
    }
    if depth == MAX_DEPTH {
        let problem = "lies too deep in folders".to_owned();
        return Err(DataError::Content { path: path.to_path_buf(), place: String::new(), problem });
    }
    for name in file_names(path)?.into_iter().filter(|name| !name.starts_with('.')) {
        append(&path.join(name), text, depth + 1)?;
    }
    Ok(())
}

/// Samples that follow each other without a gap: `context` tokens, and for each of them the one after it.
fn windows(path: &Path, text: &str, tokenizer: &Tokenizer, context: usize) -> Result<Dataset, DataError> {
    let tokens = tokenizer.encode(path, text)?;
    let count = tokens.len().saturating_sub(1) / context;
    if count == 0 {
        let unit = tokenizer.unit();
        let problem = format!("{} {unit} are too few for a sample of {context} and the next one", tokens.len());
        return Err(DataError::Content { path: path.to_path_buf(), place: String::new(), problem });
    }
    let vocabulary = tokenizer.vocabulary().to_vec();
    let next = Targets::NextTokens { values: tokens[1..=count * context].to_vec(), context, vocabulary };
    let mut values = tokens;
    values.truncate(count * context);
    let values = FeatureValues::Tokens { values, vocabulary: tokenizer.vocabulary().len() };
    Dataset::new(Features::new(values, vec![context])?, next)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::fixtures::{loaded, loaded_with, refusal, write};
    use super::*;
    use crate::data_config::{DataConfig, DataFormat, ValidationConfig};

    fn config(context: usize, tokenizer: Option<&str>) -> DataConfig {
        DataConfig { context: Some(context), tokenizer: tokenizer.map(str::to_owned), ..DataConfig::default() }
    }

    fn tokens(dataset: &Dataset) -> (Vec<u32>, Vec<u32>) {
        let indices: Vec<usize> = (0..dataset.len()).collect();
        let (mut inputs, mut next) = (Vec::new(), Vec::new());
        dataset.fill_tokens(&indices, &mut inputs).unwrap();
        dataset.fill_next_tokens(&indices, &mut next).unwrap();
        (inputs, next)
    }

    #[test]
    fn samples_follow_each_other_and_each_position_has_its_successor() {
        let folder = tempfile::tempdir().unwrap();
        let path = write(folder.path(), "t.txt", "abcäabcab".as_bytes());
        let data = loaded_with(&path, &config(3, None)).unwrap();
        let Targets::NextTokens { vocabulary, .. } = data.train.targets() else { panic!("tokens") };
        assert_eq!(vocabulary.join(""), "abcä");
        assert_eq!(tokens(&data.train), (vec![0, 1, 2, 3, 0, 1], vec![1, 2, 3, 0, 1, 2]));
    }

    #[test]
    fn a_folder_is_one_text_unless_its_files_are_parts() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "b.txt", b"bb");
        write(folder.path(), "a.txt", b"aaa");
        write(folder.path(), ".git/x.txt", b"zzz");
        assert_eq!(tokens(&loaded_with(folder.path(), &config(2, None)).unwrap().train).0, [0, 0, 0, 1]);
        write(folder.path(), "train.txt", b"abab");
        write(folder.path(), "val.txt", b"cab");
        let data = loaded_with(folder.path(), &config(2, None)).unwrap();
        assert_eq!(tokens(&data.train).0, [0, 1]);
        assert_eq!(tokens(data.validation.as_ref().unwrap()).0, [2, 0]);
    }

    #[test]
    fn a_page_about_training_is_no_training_part() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "a.md", b"abcdefgh");
        write(folder.path(), "training.md", b"ijklmnop");
        write(folder.path(), "train-notes.txt", b"qrstuvwx");
        assert_eq!(loaded_with(folder.path(), &config(4, None)).unwrap().train.len(), 5);
    }

    #[test]
    fn pairs_of_bytes_are_learnt_the_same_way_each_time() {
        let folder = tempfile::tempdir().unwrap();
        let text = "the cat and the dog and the cow, därüber.\n".repeat(30);
        let path = write(folder.path(), "t.txt", text.as_bytes());
        let config = DataConfig { vocabulary_size: Some(270), ..config(4, Some("bpe")) };
        let data = loaded_with(&path, &config).unwrap();
        assert_eq!(data.train.targets().outputs(), 270);
        assert!(data.train.len() * 4 < text.len() / 2, "{} samples", data.train.len());
        for _ in 0..5 {
            assert_eq!(loaded_with(&path, &config).unwrap(), data);
        }
        let other = write(folder.path(), "v.txt", "ñandú and Ω ".repeat(20).as_bytes()).display().to_string();
        let validation = ValidationConfig { path: Some(other), split: None };
        assert!(loaded_with(&path, &DataConfig { validation, ..config }).unwrap().validation.is_some());
    }

    #[test]
    fn texts_that_cannot_be_used_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let short = write(folder.path(), "short.txt", &[b'x'; 128]);
        let empty = write(folder.path(), "empty.txt", b"");
        let binary = write(folder.path(), "binary.txt", b"ok\xFFno");
        let long = write(folder.path(), "long.txt", &[b'x'; 129]);
        let mut answers: Vec<String> = [short, empty, binary].iter().map(|path| refusal(path, folder.path())).collect();
        for tokenizer in ["words", "none/tokenizer.json"] {
            answers.push(loaded_with(&long, &config(4, Some(tokenizer))).unwrap_err().to_string());
        }
        let vain = DataConfig { vocabulary_size: Some(300), ..DataConfig::default() };
        answers.push(loaded_with(&long, &vain).unwrap_err().to_string());
        insta::assert_snapshot!(answers.join("\n"), @"
        FOLDER/short.txt: 128 characters are too few for a sample of 128 and the next one
        FOLDER/empty.txt: 0 characters are too few for a sample of 128 and the next one
        FOLDER/binary.txt, byte 2: expected UTF-8, found 0xff
        `data.tokenizer`: `words` is neither `characters` nor `bpe` nor a file `*.json`
        cannot read none/tokenizer.json
        `data.vocabulary_size`: the tokenizer `characters` has a vocabulary of its own; only `bpe` can have any size
        ");
        assert_eq!(loaded(&long).unwrap().train.len(), 1);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..60), context in 1_usize..9) {
            let folder = tempfile::tempdir().unwrap();
            let path = write(folder.path(), "t.txt", &bytes);
            if let Ok(data) = loaded_with(&path, &config(context, None)) {
                let (inputs, next) = tokens(&data.train);
                prop_assert_eq!(&inputs[1..], &next[..next.len() - 1]);
            }
        }
    }

    #[test]
    fn any_file_is_text_if_the_config_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = write(folder.path(), "main.rs", b"fn main() {}");
        assert!(loaded(&path).is_err());
        let config = DataConfig { format: DataFormat::Text, ..config(4, None) };
        assert_eq!(loaded_with(&path, &config).unwrap().train.len(), 2);
    }
}
