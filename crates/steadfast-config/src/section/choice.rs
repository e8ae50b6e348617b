//! Field types with a fixed set of names: the code behind [`choice!`](crate::choice!).

use serde_json::{Value, json};

use super::field::Words;
use super::reader::wrong_type;
use crate::node::Node;
use crate::path::JsonPath;
use crate::problem::Problems;
use crate::suggest::suggest;
use crate::wording::{alternatives, literal};

/// A field type with a fixed set of names, declared with [`choice!`](crate::choice!).
pub trait Choice: Copy + Sized + 'static {
    /// Every value, as declared.
    const ALL: &'static [Self];

    /// The name in a config.
    fn as_str(self) -> &'static str;

    /// The doc comment of the value.
    fn doc(self) -> String;
}

/// Reads one of the names of `T`.
pub fn read_choice<T: Choice>(node: &Node, path: &JsonPath, problems: &mut Problems) -> Option<T> {
    let found = node.as_str();
    let choice = T::ALL.iter().copied().find(|choice| found == Some(choice.as_str()));
    if choice.is_none() {
        let near = suggest(found.unwrap_or_default(), T::ALL.iter().map(|choice| choice.as_str()));
        wrong_type(node, path, &words_of_choice::<T>().one, problems)
            .maybe_help(near.map(|near| format!("did you mean {}?", literal(&near))));
    }
    choice
}

/// `"min" or "max"`.
pub fn words_of_choice<T: Choice>() -> Words {
    let names: Vec<_> = T::ALL.iter().map(|choice| literal(choice.as_str())).collect();
    let words = alternatives(&names);
    Words::new(words.clone(), words)
}

/// JSON Schema of the names of `T`, each with its doc comment.
pub fn schema_of_choice<T: Choice>() -> Value {
    let names: Vec<_> = T::ALL.iter().map(|choice| choice.as_str()).collect();
    let docs: Vec<_> = T::ALL.iter().map(|choice| choice.doc()).collect();
    json!({"enum": names, "enumDescriptions": docs})
}
