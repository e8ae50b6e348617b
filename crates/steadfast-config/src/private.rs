//! What the expansions of the macros call. Not part of the public interface.

pub use serde::{Serialize, Serializer};
pub use serde_json::Value as Json;

use crate::section::{Bounds, Field, FieldValue, Role};
pub use crate::section::{SectionReader, field_name, read_choice, schema_of_choice, words_of_choice};

/// The lines of a doc comment, trimmed.
pub fn doc(lines: &[&str]) -> String {
    let lines: Vec<_> = lines.iter().map(|line| line.trim()).collect();
    lines.join("\n").trim().to_owned()
}

/// One row of a section's table.
pub fn field<T: FieldValue>(
    identifier: &'static str,
    doc_lines: &[&str],
    role: Role,
    default: Option<fn() -> T>,
    bounds: &Bounds<T::Scalar>,
) -> Field {
    Field {
        name: field_name(identifier),
        doc: doc(doc_lines),
        words: T::words().one,
        default: default.map(|default| default().as_json()),
        bounds: bounds.words(),
        role,
        schema: T::schema(bounds),
        fields: T::inner_fields(),
    }
}

/// An object with its keys in the given order.
pub fn object<const N: usize>(members: [(&str, Json); N]) -> Json {
    members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<serde_json::Map<_, _>>().into()
}
