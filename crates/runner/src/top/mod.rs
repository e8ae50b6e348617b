//! `runner top`: the whole terminal for what runs, what waits and what came of it. Reads files, and nothing else.

mod board;
mod command;
mod curves;
mod details;
mod keys;
mod log_line;
mod palette;
mod queue;
#[cfg(test)]
mod tests;
mod view;

pub(crate) use command::{TopArgs, run};
