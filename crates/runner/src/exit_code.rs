//! The exit codes of the program: one number for each way a batch can end.

use std::process::ExitCode;

/// How the program ended. When several things happened, the one listed first here is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Stopped by SIGINT; the same command continues.
    Interrupted,
    /// Stopped by SIGTERM or SIGHUP; the same command continues.
    Terminated,
    /// A bug in the program.
    Internal,
    /// The command line or a config is wrong; nothing was run.
    Usage,
    /// The disk failed or is full.
    Storage,
    /// Checkpoints exist, but none of them is valid.
    NoValidCheckpoint,
    /// A config or data set differs from what its checkpoint was trained with.
    ResumeRefused,
    /// Another process holds the run.
    Held,
    /// An experiment failed.
    Failed,
    /// Everything is done.
    Done,
}

impl Exit {
    /// The number that the shell sees.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::ResumeRefused => 3,
            Self::Held => 4,
            Self::Storage => 5,
            Self::NoValidCheckpoint => 6,
            Self::Internal => 70,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }

    /// The more important of two ends.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.min(other)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_graver_end_is_told() {
        assert_eq!(Exit::Done.and(Exit::Failed), Exit::Failed);
        assert_eq!(Exit::ResumeRefused.and(Exit::Failed), Exit::ResumeRefused);
        assert_eq!(Exit::Storage.and(Exit::Interrupted), Exit::Interrupted);
    }
}
