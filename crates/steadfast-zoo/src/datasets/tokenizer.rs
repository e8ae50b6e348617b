//! Cutting text into tokens: characters, or pairs of bytes that occur often.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use tokenizers::models::TrainerWrapper;
use tokenizers::models::bpe::{BPE, BpeTrainer};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;

use super::DataError;
use crate::data_config::DataConfig;

/// How many tokens are learnt, unless the config says otherwise.
const DEFAULT_VOCABULARY: usize = 1024;

/// A vocabulary has at most so many tokens.
const MAX_VOCABULARY: usize = 1 << 20;

/// Cuts text into numbered tokens.
pub(super) struct Tokenizer {
    vocabulary: Vec<String>,
    cut: Cut,
}

enum Cut {
    /// The vocabulary is sorted.
    Characters,
    Pairs(Box<tokenizers::Tokenizer>),
}

impl Tokenizer {
    /// The one that the config names. `texts` are those of all parts; pairs are learnt from the first, which trains.
    pub(super) fn new(texts: &[String], config: &DataConfig) -> Result<Self, DataError> {
        let name = config.tokenizer.as_deref().unwrap_or("characters");
        if config.vocabulary_size.is_some() && name != "bpe" {
            let problem = format!("the tokenizer `{name}` has a vocabulary of its own; only `bpe` can have any size");
            return Err(DataError::Setting { key: "vocabulary_size", problem });
        }
        match name {
            "characters" => Ok(Self::characters(texts)),
            "bpe" => {
                let size = config.vocabulary_size.unwrap_or(DEFAULT_VOCABULARY);
                Self::pairs(learn(texts.first().map_or("", String::as_str), size)?)
            }
            path if Path::new(path).extension().is_some_and(|extension| extension == "json") => {
                Self::pairs(from_file(Path::new(path))?)
            }
            other => {
                let problem = format!("`{other}` is neither `characters` nor `bpe` nor a file `*.json`");
                Err(DataError::Setting { key: "tokenizer", problem })
            }
        }
    }

    fn characters(texts: &[String]) -> Self {
        let different: BTreeSet<char> = texts.iter().flat_map(|text| text.chars()).collect();
        Self { vocabulary: different.iter().map(char::to_string).collect(), cut: Cut::Characters }
    }

    fn pairs(tokenizer: tokenizers::Tokenizer) -> Result<Self, DataError> {
        let size = tokenizer.get_vocab_size(true);
        if size == 0 || size > MAX_VOCABULARY {
            return Err(failed(format!("a vocabulary of {size} tokens")));
        }
        let name = |id: usize| u32::try_from(id).ok().and_then(|id| tokenizer.id_to_token(id)).unwrap_or_default();
        Ok(Self { vocabulary: (0..size).map(name).collect(), cut: Cut::Pairs(Box::new(tokenizer)) })
    }

    /// The text of each token.
    pub(super) fn vocabulary(&self) -> &[String] {
        &self.vocabulary
    }

    /// What text is cut into, in words.
    pub(super) fn unit(&self) -> &'static str {
        match self.cut {
            Cut::Characters => "characters",
            Cut::Pairs(_) => "tokens",
        }
    }

    /// The tokens of a text; `path` names it in errors.
    pub(super) fn encode(&self, path: &Path, text: &str) -> Result<Vec<u32>, DataError> {
        match &self.cut {
            Cut::Characters => {
                let characters: Vec<char> = self.vocabulary.iter().flat_map(|token| token.chars()).collect();
                let place = |character| characters.binary_search(&character).unwrap_or_default();
                Ok(text.chars().map(|character| u32::try_from(place(character)).unwrap_or_default()).collect())
            }
            Cut::Pairs(tokenizer) => encode_lines(tokenizer, path, text, self.vocabulary.len()),
        }
    }
}

/// Cuts line by line, so that no token spans two lines and memory stays small.
fn encode_lines(
    tokenizer: &tokenizers::Tokenizer,
    path: &Path,
    text: &str,
    vocabulary: usize,
) -> Result<Vec<u32>, DataError> {
    let mut tokens = Vec::new();
    for (line, content) in text.split_inclusive('\n').enumerate() {
        let problem = |problem: String| {
            let place = format!(", line {}", line + 1);
            DataError::Content { path: path.to_path_buf(), place, problem }
        };
        let encoding = tokenizer.encode_fast(content, false).map_err(|error| problem(error.to_string()))?;
        if let Some(id) = encoding.get_ids().iter().find(|&&id| id as usize >= vocabulary) {
            return Err(problem(format!("token {id} in a vocabulary of {vocabulary}")));
        }
        tokens.extend_from_slice(encoding.get_ids());
    }
    Ok(tokens)
}

/// Learns which pairs of bytes occur most often, as GPT-2 cuts text.
fn learn(text: &str, size: usize) -> Result<tokenizers::Tokenizer, DataError> {
    let mut tokenizer = tokenizers::Tokenizer::new(BPE::default());
    tokenizer.with_pre_tokenizer(Some(ByteLevel::new(false, false, true)));
    let trainer = BpeTrainer::builder().vocab_size(size).show_progress(false);
    let trainer = trainer.initial_alphabet(ByteLevel::alphabet().into_iter().collect());
    let mut trainer = TrainerWrapper::from(trainer.build());
    let lines = text.split_inclusive('\n');
    tokenizer.train(&mut trainer, lines).map_err(|error| failed(error.to_string()))?;
    Ok(tokenizer)
}

fn from_file(path: &Path) -> Result<tokenizers::Tokenizer, DataError> {
    let bytes = fs_err::read(path).map_err(|source| DataError::Read { path: PathBuf::from(path), source })?;
    tokenizers::Tokenizer::from_bytes(&bytes).map_err(|error| {
        let problem = format!("no tokenizer: {error}");
        DataError::Content { path: PathBuf::from(path), place: String::new(), problem }
    })
}

fn failed(problem: String) -> DataError {
    DataError::Setting { key: "tokenizer", problem }
}
