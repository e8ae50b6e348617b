//! Typed groups of fields, declared once as a table that drives reading, defaults, documentation and schema.

mod bounds;
mod choice;
mod component;
mod field;
mod located;
mod macros;
mod reader;
mod scalar;
mod unknown_key;
mod value;

pub use bounds::{Bounds, NoBounds, Scalar, above, between};
pub use choice::{Choice, read_choice, schema_of_choice, words_of_choice};
pub use component::Component;
pub use field::{Field, FieldValue, Role, Section, Words, object_schema};
pub use located::Located;
pub use reader::{SectionReader, field_name, wrong_type};
