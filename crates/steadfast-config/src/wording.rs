//! How text from a config is quoted in messages: short, and without anything that could steer a terminal.

use std::fmt::Write as _;
use std::path::Path;

/// Longest piece of a user's text that a message repeats, in characters.
pub(crate) const QUOTE_LIMIT: usize = 60;

/// Escapes control characters, invisible characters and characters that change the writing direction.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_unprintable(c) && u32::from(c) <= 0xffff => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c if is_unprintable(c) => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// Whether printing the character could hide text, reorder it or command the terminal.
pub(crate) fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
}

/// A key or name in backticks, shortened and escaped.
pub(crate) fn name(text: &str) -> String {
    format!("`{}`", escape(&clip(text)))
}

/// A path in backticks, escaped and in full length, so that it can be copied.
pub(crate) fn path_name(path: &Path) -> String {
    format!("`{}`", escape(&path.display().to_string()))
}

/// A text in double quotes as JSON would write it, shortened.
pub(crate) fn literal(text: &str) -> String {
    let clipped = clip(text).replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", escape(&clipped))
}

/// A text that needs no quotes, shortened and escaped.
pub(crate) fn clipped(text: &str) -> String {
    escape(&clip(text))
}

/// `a`, `a or b`, `a, b or c`.
pub(crate) fn alternatives(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [rest @ .., last] => format!("{} or {last}", rest.join(", ")),
    }
}

fn clip(text: &str) -> String {
    match text.char_indices().nth(QUOTE_LIMIT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_unprintable_survives() {
        assert_eq!(escape("a\u{1b}[2J\u{0}\u{202e}b\u{e0041}"), r"a\u001b[2J\u0000\u202eb\u{e0041}");
        assert_eq!(escape("tab\tline\n"), r"tab\tline\n");
        assert_eq!(escape("Größe 量"), "Größe 量");
    }

    #[test]
    fn long_text_is_shortened() {
        let quoted = name(&"x".repeat(1_000_000));
        assert_eq!(quoted.chars().count(), QUOTE_LIMIT + 3);
        assert_eq!(literal(r#"a "b" \"#), r#""a \"b\" \\""#);
    }

    #[test]
    fn alternatives_read_as_a_sentence() {
        let items = ["a", "b", "c"].map(String::from);
        assert_eq!(alternatives(&items), "a, b or c");
        assert_eq!(alternatives(&items[..1]), "a");
    }
}
