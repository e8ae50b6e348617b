//! The pages of `docs/reference/`, made from the tables that the program itself works with.

mod command_line;
mod config;
mod exit_codes;
mod page;
mod results;
mod sweep;
mod zoo;

pub(crate) use page::{ReferenceArgs, run};
