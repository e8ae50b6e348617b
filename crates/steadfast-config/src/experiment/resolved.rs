//! The complete config of a run, as it is written beside its results.

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::config::ExperimentConfig;
use crate::section::{Component, Section as _};

/// The parts of a config that their owners have read and filled with defaults.
#[derive(Debug, Clone, PartialEq)]
pub struct ResolvedParts {
    /// The registered spelling of the model's name.
    pub model_type: String,
    /// All parameters of the model.
    pub model: Value,
    /// All parameters of the data.
    pub data: Value,
    /// The optimizer: `kind` and all its parameters, see [`Component::resolved`].
    pub optimizer: Value,
    /// The scheduler: `kind` and all its parameters, see [`Component::resolved`].
    pub scheduler: Value,
}

impl ExperimentConfig {
    /// The complete config, every default written out, in the order of declaration.
    ///
    /// Loading it again gives an equal config.
    pub fn resolved(&self, parts: &ResolvedParts) -> Value {
        let mut config = self.to_json();
        config["model_type"] = parts.model_type.clone().into();
        config["model"] = parts.model.clone();
        config["data"] = parts.data.clone();
        config["hyperparams"]["optimizer"] = parts.optimizer.clone();
        config["hyperparams"]["scheduler"] = parts.scheduler.clone();
        config
    }
}

impl Component {
    /// The component under its registered name with all its parameters, as read by their owner.
    pub fn resolved(registered_kind: &str, params: &Value) -> Value {
        let mut object = Map::new();
        object.insert("kind".to_owned(), registered_kind.into());
        if let Value::Object(params) = params {
            object.extend(params.iter().map(|(key, value)| (key.clone(), value.clone())));
        }
        object.into()
    }
}

/// The bytes of `config.json`: indented by two spaces, one line break at the end.
///
/// The same config gives the same bytes, and every `f64` survives the way through them bit by bit.
pub fn config_json_bytes(resolved: &Value) -> Vec<u8> {
    format!("{resolved:#}\n").into_bytes()
}

/// SHA-256 in hexadecimal, as `sha256sum` prints it.
pub fn sha256_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digest = Sha256::digest(bytes);
    let halves = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    halves.map(|half| char::from(DIGITS[usize::from(half)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_sha256sum() {
        // printf 'abc' | sha256sum
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256_hex(b"abc"), expected);
    }

    #[test]
    fn the_kind_comes_first() {
        let value = Component::resolved("adam", &serde_json::json!({"beta1": 0.9}));
        assert_eq!(value.to_string(), r#"{"kind":"adam","beta1":0.9}"#);
    }
}
