//! Text that cannot disturb a terminal or break a line, whoever wrote it.

use std::fmt::Write as _;

/// Characters that move the cursor, change colors, end lines or turn the direction of reading.
fn is_disturbing(character: char) -> bool {
    character.is_control() || matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Appends text with every disturbing character spelled out.
pub(crate) fn push_plain(into: &mut String, text: &str) {
    for character in text.chars() {
        if is_disturbing(character) {
            into.extend(character.escape_default());
        } else {
            into.push(character);
        }
    }
}

/// Appends a value: as it is when it is one word, else in quotes.
pub(crate) fn push_value(into: &mut String, text: &str) {
    let needs_quotes = |character: char| character.is_whitespace() || matches!(character, '"' | '=' | '\\');
    if !text.is_empty() && !text.contains(needs_quotes) {
        return push_plain(into, text);
    }
    into.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => into.extend(['\\', character]),
            other => push_plain(into, other.encode_utf8(&mut [0; 4])),
        }
    }
    into.push('"');
}

/// Appends text as a JSON string in which every disturbing character is escaped, also those that JSON would allow.
pub(crate) fn push_json(into: &mut String, text: &str) {
    for character in serde_json::Value::from(text).to_string().chars() {
        if is_disturbing(character) {
            // All of them fit into four hexadecimal digits; writing to a string cannot fail.
            let _ = write!(into, "\\u{:04x}", u32::from(character));
        } else {
            into.push(character);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{is_disturbing, push_json, push_plain, push_value};

    fn with(push: impl Fn(&mut String, &str), text: &str) -> String {
        let mut into = String::new();
        push(&mut into, text);
        into
    }

    #[test]
    fn escape_sequences_are_spelled_out() {
        assert_eq!(with(push_plain, "a\u{1b}[2J\nb\té\u{9b}\u{202e}"), "a\\u{1b}[2J\\nb\\té\\u{9b}\\u{202e}");
        assert_eq!(with(push_json, "a\u{1b}\"\u{9b}\u{2028}é"), "\"a\\u001b\\\"\\u009b\\u2028é\"");
    }

    #[test]
    fn values_are_quoted_when_they_would_not_look_like_one() {
        for (value, expected) in [
            ("word", "word"),
            ("", "\"\""),
            ("two words", "\"two words\""),
            ("a=\"b\\", "\"a=\\\"b\\\\\""),
            ("1\n2", "\"1\\n2\""),
        ] {
            assert_eq!(with(push_value, value), expected);
        }
    }

    proptest! {
        #[test]
        fn nothing_disturbing_gets_through(text: String) {
            for push in [push_plain, push_value, push_json] {
                prop_assert!(!with(push, &text).contains(is_disturbing));
            }
            prop_assert_eq!(serde_json::from_str::<String>(&with(push_json, &text)).unwrap(), text);
        }
    }
}
