//! Text of others, made harmless. Every byte of a run reaches the page through one of these two functions.

use std::fmt::Write as _;

use serde_json::Value;

/// The text between tags or inside a quoted attribute.
pub(crate) fn html(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            // Not allowed in HTML, not even as a reference.
            '\0' => safe.push('\u{fffd}'),
            other => safe.push(other),
        }
    }
    safe
}

/// JSON for the inside of a `<script type="application/json">`: it cannot end the element or open a comment, since it
/// holds no `<`. Outside of strings JSON has none, and inside an escape stands for it.
pub(crate) fn json(value: &Value) -> String {
    let text = value.to_string();
    let mut safe = String::with_capacity(text.len() + text.len() / 64);
    for character in text.chars() {
        match character {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                let _infallible = write!(safe, "\\u{:04x}", u32::from(character));
            }
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn nothing_is_left_that_means_something() {
        assert_eq!(html("<a href='x'>\"&\0"), "&lt;a href=&#39;x&#39;&gt;&quot;&amp;\u{fffd}");
        assert_eq!(json(&json!("</script><!--\u{2028}")), r#""\u003c/script\u003e\u003c!--\u2028""#);
    }

    proptest! {
        #[test]
        fn json_stays_what_it_says(key in ".*", text in "[<>&/!\\-a-z\"\\\\]*") {
            let value = json!({ key: text });
            let safe = json(&value);
            prop_assert!(!safe.contains('<'));
            prop_assert_eq!(serde_json::from_str::<Value>(&safe).unwrap(), value);
        }
    }
}
