//! Tables with named columns of numbers and words, and how they become inputs and targets.

mod columns;
mod schema;

pub(super) use columns::{Column, MISSING, Table};
pub(super) use schema::Schema;
