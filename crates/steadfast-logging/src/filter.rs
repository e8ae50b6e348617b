//! Which events are worth a line.

use std::str::FromStr;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;

use crate::error::LoggingError;

/// Lets events through by level, and by level per module.
///
/// # Example
///
/// ```
/// use steadfast_logging::Filter;
///
/// let quiet: Filter = "warn".parse()?;
/// let curious: Filter = "info,steadfast_state=debug".parse()?;
/// assert!("loud".parse::<Filter>().is_err());
/// # Ok::<(), steadfast_logging::LoggingError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Filter(pub(crate) Targets);

impl Default for Filter {
    fn default() -> Self {
        LevelFilter::INFO.into()
    }
}

impl From<LevelFilter> for Filter {
    fn from(level: LevelFilter) -> Self {
        Self(Targets::new().with_default(level))
    }
}

impl FromStr for Filter {
    type Err = LoggingError;

    fn from_str(text: &str) -> Result<Self, LoggingError> {
        let invalid = || LoggingError::Filter { text: text.to_owned() };
        let mut filter = Targets::new();
        for directive in text.split(',') {
            let (target, level) = directive.rsplit_once('=').unwrap_or(("", directive));
            // An empty word would be taken for `error`.
            let word = Some(level.trim()).filter(|word| !word.is_empty());
            let level: LevelFilter = word.and_then(|word| word.parse().ok()).ok_or_else(invalid)?;
            filter = match (directive.contains('='), target.trim()) {
                (false, _) => filter.with_default(level),
                (true, target) if target.is_empty() || target.contains('=') => {
                    return Err(invalid());
                }
                (true, target) => filter.with_target(target, level),
            };
        }
        Ok(Self(filter))
    }
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::Filter;

    #[test]
    fn levels_and_modules() {
        let filter: Filter = "warn,steadfast_state=debug".parse().unwrap();
        assert!(filter.0.would_enable("steadfast_state::lock", &Level::DEBUG));
        assert!(filter.0.would_enable("other", &Level::WARN));
        assert!(!filter.0.would_enable("other", &Level::INFO));
        assert!(!"off".parse::<Filter>().unwrap().0.would_enable("other", &Level::ERROR));
    }

    #[test]
    fn a_typing_error_is_not_taken_for_a_module() {
        for text in ["loud", "info,steadfast_state", "a=b=info", "x=loud", "x=", "=info", ""] {
            let error = text.parse::<Filter>().unwrap_err();
            assert_eq!(error.to_string(), format!("{text:?} is not a log level"));
        }
    }
}
