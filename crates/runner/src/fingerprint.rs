//! What the bits of a run depend on beside config and data: this very program, and this kind of machine.

use std::io::{self, Read};
use std::path::Path;
use std::sync::OnceLock;

use steadfast_experiment::MadeBy;
use xxhash_rust::xxh3::Xxh3;

/// Bytes of the program hashed at a time.
const PIECE: usize = 1 << 20;

/// What decides which instructions a library chooses at run time, as `/proc/cpuinfo` names it.
const CPU_FACTS: [&str; 6] = ["vendor_id", "model name", "flags", "Features", "CPU part", "cache size"];

/// The fingerprints of this process. Asked once: neither changes while it lives.
pub(crate) fn made_by() -> &'static MadeBy {
    static MADE_BY: OnceLock<MadeBy> = OnceLock::new();
    MADE_BY.get_or_init(|| MadeBy {
        // A program that cannot read itself still has a version.
        build: build().unwrap_or_else(|_| concat!("version ", env!("CARGO_PKG_VERSION")).to_owned()),
        machine: machine(),
    })
}

/// Hash of the program's own file.
fn build() -> io::Result<String> {
    let mut file = fs_err::File::open(std::env::current_exe()?)?;
    let mut hash = Xxh3::new();
    let mut piece = vec![0; PIECE];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(format!("{:032x}", hash.digest128())),
            length => hash.update(piece.get(..length).unwrap_or_default()),
        }
    }
}

/// Hash of what the numeric libraries look at. Not the number of cores: no sum here depends on it.
fn machine() -> String {
    let mut hash = Xxh3::new();
    hash.update(std::env::consts::ARCH.as_bytes());
    let text = fs_err::read_to_string(Path::new("/proc/cpuinfo")).unwrap_or_default();
    // The first core speaks for all.
    for line in text.lines().take_while(|line| !line.is_empty()) {
        let name = line.split(':').next().unwrap_or_default().trim();
        if CPU_FACTS.contains(&name) {
            hash.update(line.as_bytes());
        }
    }
    format!("{:032x}", hash.digest128())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_same_program_on_the_same_machine_is_the_same() {
        let made_by = super::made_by();
        assert_eq!(super::build().unwrap(), made_by.build);
        assert_eq!(super::machine(), made_by.machine);
        assert_ne!(made_by.build, made_by.machine);
    }
}
