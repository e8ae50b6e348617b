//! The page as somebody gets it: whole, quoted, and true to the runs.

mod numbers;
mod support;
mod structure;
mod untrusted;
