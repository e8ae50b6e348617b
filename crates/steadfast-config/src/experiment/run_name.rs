//! The name of a run, which is also the name of its folder.

use std::fmt;
use std::str::FromStr;

use serde_json::{Value, json};

use crate::error::RunNameError;
use crate::node::Node;
use crate::path::JsonPath;
use crate::problem::Problems;
use crate::section::{Bounds, FieldValue, NoBounds, Words};

/// Most characters of a name.
const MAX_LENGTH: usize = 64;

/// What Windows takes for a device, whatever ending follows.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "com", "lpt"];

/// The name of a run: safe as a folder name on every system.
///
/// `[A-Za-z0-9][A-Za-z0-9._-]{0,63}`, not ending with a dot, and no name of a Windows device. `@` is allowed as well: it
/// stands before the fingerprint in the names that a sweep makes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunName(String);

impl RunName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form in which two names are compared: some file systems do not tell `A` from `a`.
    pub fn folded(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

impl FromStr for RunName {
    type Err = RunNameError;

    fn from_str(text: &str) -> Result<Self, RunNameError> {
        let first = text.chars().next().ok_or(RunNameError::Empty)?;
        if !first.is_ascii_alphanumeric() {
            return Err(RunNameError::BadStart { found: first });
        }
        if let Some(found) = text.chars().find(|&c| !is_allowed(c)) {
            return Err(RunNameError::BadCharacter { found });
        }
        if text.len() > MAX_LENGTH {
            return Err(RunNameError::TooLong { length: text.len() });
        }
        if text.ends_with('.') {
            return Err(RunNameError::FinalDot);
        }
        match device(text) {
            Some(device) => Err(RunNameError::Device { device: device.to_owned() }),
            None => Ok(Self(text.to_owned())),
        }
    }
}

impl fmt::Display for RunName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FieldValue for RunName {
    type Scalar = NoBounds;

    fn from_node(node: &Node, path: &JsonPath, bounds: &Bounds<NoBounds>, problems: &mut Problems) -> Option<Self> {
        let text = String::from_node(node, path, bounds, problems)?;
        match text.parse() {
            Ok(name) => Some(name),
            Err(reason) => {
                let near = near_name(&text).map(|near| format!("`{near}` would do"));
                problems
                    .error(&node.span, reason.to_string())
                    .at(path)
                    .expected("a name of letters, digits, `.`, `_` and `-`")
                    .maybe_help(near);
                None
            }
        }
    }

    fn as_json(&self) -> Value {
        self.0.clone().into()
    }

    fn words() -> Words {
        Words::new("a name", "names")
    }

    fn schema(_: &Bounds<NoBounds>) -> Value {
        json!({"type": "string", "pattern": "^[A-Za-z0-9]([A-Za-z0-9._@-]{0,62}[A-Za-z0-9_@-])?$"})
    }
}

fn is_allowed(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '@')
}

/// The device that Windows would open instead of a folder of this name.
fn device(text: &str) -> Option<&str> {
    let stem = text.split('.').next().unwrap_or_default();
    let folded = stem.to_ascii_lowercase();
    let numbered = folded.strip_suffix(|c: char| c.is_ascii_digit() && c != '0');
    let found = match numbered {
        Some(port) => DEVICES[4..].contains(&port),
        None => DEVICES[..4].contains(&folded.as_str()),
    };
    found.then_some(stem)
}

/// The nearest text that is a name, if there is one.
fn near_name(text: &str) -> Option<String> {
    let safe: String = text.chars().take(MAX_LENGTH).map(|c| if is_allowed(c) { c } else { '-' }).collect();
    let near = safe.trim_start_matches(|c: char| !c.is_ascii_alphanumeric()).trim_end_matches(['.', '-']);
    if near.is_empty() {
        return None;
    }
    near.parse::<RunName>().or_else(|_| format!("run-{near}").parse()).ok().map(|name| name.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_names() {
        for text in ["a", "exp1", "ResNet-18_lr.0.1", "0", "com", "com0", "console", "nul-1", &"x".repeat(64)] {
            assert_eq!(text.parse::<RunName>().map(|name| name.0), Ok(text.to_owned()), "{text}");
        }
    }

    #[test]
    fn bad_names_of_every_kind() {
        let long = "x".repeat(65);
        for text in [
            "",
            "../x",
            "/etc",
            "a/b",
            "..\\x",
            "%2e%2e",
            "a\0b",
            ".",
            "..",
            ".a",
            "-a",
            "_a",
            "a ",
            "é",
            "CON",
            "nul.txt",
            "Com1",
            "LPT9.a.b",
            "\u{1b}[2J",
            "a.",
            &long,
        ] {
            assert!(text.parse::<RunName>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_suggested_name_is_always_a_good_one() {
        assert_eq!(near_name("my exp/1").as_deref(), Some("my-exp-1"));
        assert_eq!(near_name("CON").as_deref(), Some("run-CON"));
        assert_eq!(near_name("../x").as_deref(), Some("x"));
        assert_eq!(near_name(""), None);
    }
}
