//! An error with all its causes, in one line.

use std::error::Error;

/// The message of `error` and of each of its causes, joined by `: `.
pub fn one_line(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let message = error.to_string();
        // Some libraries repeat the cause in their own message.
        if !text.ends_with(&message) {
            text.push_str(": ");
            text.push_str(&message);
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ExperimentError;

    #[test]
    fn names_every_cause_once() {
        let cause = std::io::Error::new(std::io::ErrorKind::NotFound, "no such folder");
        let error = ExperimentError::data(cause);
        assert_eq!(one_line(&error), "the data cannot be used: no such folder");
    }
}
