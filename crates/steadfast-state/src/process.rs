//! Who holds a run folder: enough about a process to recognise it later, although process numbers are used again.

use serde::{Deserialize, Serialize};

/// A process, recognisable as long as the machine is not restarted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Process {
    /// Process number.
    pub(crate) pid: u32,
    /// Start time in clock ticks since the start of the machine; nothing where it cannot be told.
    pub(crate) started: Option<u64>,
}

impl Process {
    /// The process with this number as it is now.
    pub(crate) fn with_pid(pid: u32) -> Self {
        Self { pid, started: Status::of(pid).map(|status| status.started) }
    }

    /// Whether this very process still runs; a zombie does not.
    pub(crate) fn is_alive(&self) -> bool {
        Status::of(self.pid).is_some_and(|status| {
            let same = self.started.is_none_or(|started| started == status.started);
            same && !matches!(status.state, 'Z' | 'X' | 'x')
        })
    }
}

/// Identifies the current start of the machine; nothing where it cannot be told.
pub(crate) fn boot_id() -> Option<String> {
    let text = fs_err::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(text.trim().to_owned())
}

/// Name of this machine.
pub(crate) fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

struct Status {
    state: char,
    started: u64,
}

impl Status {
    fn of(pid: u32) -> Option<Self> {
        Self::parse(&fs_err::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    /// The second field is the program's name in parentheses and may hold anything, parentheses and spaces included;
    /// so the fields are counted from the last closing one. The state is field 3, the start time field 22.
    fn parse(stat: &str) -> Option<Self> {
        let (_, fields) = stat.rsplit_once(')')?;
        let mut fields = fields.split_ascii_whitespace();
        let state = fields.next()?.chars().next()?;
        let started = fields.nth(18)?.parse().ok()?;
        Some(Self { state, started })
    }
}

#[cfg(test)]
mod tests {
    use super::{Process, Status};

    #[test]
    fn fields_are_counted_behind_the_program_name() {
        let stat = "7 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 424242 20";
        let status = Status::parse(stat).unwrap();
        assert_eq!((status.state, status.started), ('S', 424_242));
        for broken in ["", "7 (a", "7 (a) S 1 2", "7 (a) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 x"] {
            assert!(Status::parse(broken).is_none(), "{broken:?}");
        }
    }

    #[test]
    fn a_number_used_again_is_another_process() {
        let own = Process::with_pid(std::process::id());
        assert!(own.started.is_some() && own.is_alive());
        let predecessor = Process { started: own.started.map(|ticks| ticks + 1), ..own };
        assert!(!predecessor.is_alive());
        assert!(!Process { pid: u32::MAX, started: None }.is_alive());
    }

    #[test]
    fn a_zombie_is_not_alive() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let process = Process::with_pid(child.id());
        while process.is_alive() {
            std::thread::yield_now();
        }
        child.wait().unwrap();
        assert!(!process.is_alive());
    }
}
