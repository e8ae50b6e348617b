//! Parameters made by name from the seed, and loading them.

mod filling;
mod parameters;

pub use parameters::SeededParameters;
