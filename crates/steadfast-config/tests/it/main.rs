//! The crate from outside: files in, configs and marked problems out.

#[cfg(test)]
mod bad_files;
#[cfg(test)]
mod batch;
#[cfg(test)]
mod diagnostics;
#[cfg(test)]
mod extends;
#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod good_files;
#[cfg(test)]
mod json_values;
#[cfg(test)]
mod merge;
#[cfg(test)]
mod overrides;
#[cfg(test)]
mod parser;
#[cfg(test)]
mod resolved;
#[cfg(test)]
mod section;
#[cfg(test)]
mod suggestions;
#[cfg(test)]
mod sweep_bases;
