//! `runner verify-resume`: the promise, put to the proof on the user's own config.
//!
//! Each experiment is trained once without interruption and then, in another throw-away folder, again and again with
//! kills at chosen places until it comes to its end. Every file that a run leaves has to have the same bytes, and so
//! has the content of the newest checkpoint.

mod command;
mod compare;
mod outcome;
mod rounds;
mod schedule;

pub(crate) use command::run;
