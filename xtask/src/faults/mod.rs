//! `cargo xtask faults`: kills, power cuts, failing disks and damaged files, tried for real on the built runner.
//!
//! `docs/design/fault-suite.md` says what each check does and what it proves.

mod bench;
mod cases;
mod command;
mod cycles;
mod damage;
mod dice;
mod disk;
mod errno;
mod kills;
mod machine;
mod planted;
mod power;
mod races;
mod stops;
mod storage;
mod tally;
mod trace;

pub(crate) use command::{COMMAND, Options, Ready, prepare, run};
