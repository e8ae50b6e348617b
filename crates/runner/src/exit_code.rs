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
    /// Every way, the one that is told first in front.
    pub const ALL: [Self; 10] = [
        Self::Interrupted,
        Self::Terminated,
        Self::Internal,
        Self::Usage,
        Self::Storage,
        Self::NoValidCheckpoint,
        Self::ResumeRefused,
        Self::Held,
        Self::Failed,
        Self::Done,
    ];

    /// What it means, for people.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Interrupted => "stopped by Ctrl-C (SIGINT); everything is saved",
            Self::Terminated => "stopped by SIGTERM, SIGHUP, `--max-time` or `--max-steps`; everything is saved",
            Self::Internal => "a bug in the program",
            Self::Usage => "the command line or a config is wrong; nothing was run",
            Self::Storage => "the disk failed or is full",
            Self::NoValidCheckpoint => "checkpoints exist, but none of them is valid",
            Self::ResumeRefused => "a config or its data differs from what the checkpoint was trained with",
            Self::Held => "another process holds the run",
            Self::Failed => "an experiment failed",
            Self::Done => "everything is done",
        }
    }

    /// What to do about it.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::Interrupted | Self::Terminated => "give the same command again: it continues",
            Self::Internal => "report it, with the log",
            Self::Usage => "mend what the report shows",
            Self::Storage => "make room, or mend the disk, and give the same command again",
            Self::NoValidCheckpoint => "`--fresh` starts anew and keeps the damaged files",
            Self::ResumeRefused => "undo the change, branch off with `--fork NEWNAME`, or start anew with `--fresh`",
            Self::Held => "wait for the other process, or stop it",
            Self::Failed => "`runner show NAME` says why; `--retry-failed` tries only those again",
            Self::Done => "",
        }
    }

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
