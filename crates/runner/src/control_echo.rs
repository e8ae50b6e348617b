//! Keeps the terminal from writing `^C` into the progress bar.

use std::io::stderr;

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

/// Until it is dropped, the terminal does not echo control keys: a `^C` behind a full line would wrap and leave half a
/// bar behind. A killed program leaves the terminal so, which changes nothing but that echo.
#[derive(Debug)]
#[must_use = "dropping it lets the terminal echo control keys again"]
pub(crate) struct NoControlEcho {
    before: Termios,
}

impl NoControlEcho {
    /// `None` if standard error is no terminal.
    pub(crate) fn on_stderr() -> Option<Self> {
        let before = tcgetattr(stderr()).ok()?;
        let mut changed = before.clone();
        changed.local_modes.remove(LocalModes::ECHOCTL);
        tcsetattr(stderr(), OptionalActions::Now, &changed).ok()?;
        Some(Self { before })
    }
}

impl Drop for NoControlEcho {
    fn drop(&mut self) {
        // A terminal that is gone needs no mending.
        let _ = tcsetattr(stderr(), OptionalActions::Now, &self.before);
    }
}
