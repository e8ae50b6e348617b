//! Searches as a whole: what comes next, and that it is a function of what is known.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall say where")]

mod halving;
mod learning;
mod points;
mod replay;
mod toy;
