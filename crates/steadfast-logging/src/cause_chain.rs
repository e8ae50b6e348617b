//! An error with everything that led to it, in one line.

use std::error::Error;
use std::fmt;

/// Shows an error and its causes as `a: b: c`.
///
/// # Example
///
/// ```
/// use std::io;
/// use steadfast_logging::CauseChain;
///
/// let cause = io::Error::new(io::ErrorKind::NotFound, "no such file");
/// let error = io::Error::other(cause);
/// assert_eq!(CauseChain::new(&error).to_string(), "no such file");
/// ```
#[derive(Debug, Clone, Copy)]
pub struct CauseChain<'a> {
    error: &'a (dyn Error + 'static),
}

impl<'a> CauseChain<'a> {
    /// Looks at an error from outside in.
    pub fn new(error: &'a (dyn Error + 'static)) -> Self {
        Self { error }
    }
}

impl fmt::Display for CauseChain<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.error)?;
        let mut cause = self.error.source();
        while let Some(error) = cause {
            write!(formatter, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use thiserror::Error;

    use super::CauseChain;

    #[derive(Debug, Error)]
    #[error("cannot save step {step}")]
    struct Outer {
        step: u64,
        source: Inner,
    }

    #[derive(Debug, Error)]
    #[error("cannot write {0}")]
    struct Inner(&'static str, #[source] std::io::Error);

    #[test]
    fn every_cause_is_told_once() {
        let error = Outer { step: 7, source: Inner("x.json", std::io::Error::other("disk on fire")) };
        assert_eq!(CauseChain::new(&error).to_string(), "cannot save step 7: cannot write x.json: disk on fire");
    }
}
