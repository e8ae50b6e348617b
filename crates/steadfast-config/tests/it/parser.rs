//! The parser accepts what `serde_json` accepts, reads the same values, and survives everything else.

use proptest::prelude::*;
use steadfast_config::{MAX_BYTES, Node, Problems, Source, parse};

use super::json_values::{json_text, json_value};

/// The tree, if the text is accepted without any complaint.
fn accepted(text: &str) -> Option<Node> {
    let mut problems = Problems::new();
    let node = parse(&Source::new("t", text), &mut problems);
    assert!(node.is_some() || problems.has_errors(), "refused without a word: {text}");
    node.filter(|_| problems.is_empty())
}

/// Whether we and `serde_json` agree about a text, and if it is JSON about its value.
///
/// Two differences are wanted: repeated keys (refused here), and numbers beyond 64-bit floats (kept as text here).
fn check_against_serde(text: &str) -> Result<(), TestCaseError> {
    let ours = accepted(text);
    match serde_json::from_str::<serde_json::Value>(text) {
        Ok(value) if ours.is_none() => {
            let mut problems = Problems::new();
            parse(&Source::new("t", text), &mut problems);
            let only_repeats = problems.iter().all(|problem| problem.message().ends_with("a second time"));
            prop_assert!(only_repeats, "refused {text:?} = {value}: {:?}", problems);
        }
        Ok(value) => prop_assert_eq!(ours.unwrap().to_json(), value),
        Err(error) if error.to_string().starts_with("number out of range") => {}
        Err(error) => {
            prop_assert!(ours.is_none(), "accepted {text:?}, but serde_json says {error}");
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn json_is_read_as_serde_reads_it(text in json_text()) {
        let node = accepted(&text);
        prop_assert!(node.is_some(), "{text}");
        check_against_serde(&text)?;
    }

    #[test]
    fn damaged_json_is_judged_as_serde_judges_it(
        text in json_text(),
        at in any::<prop::sample::Index>(),
        remove in 0..3_usize,
        insert in r#"[\[\]{},:"'0-9a-f\\.eE+\-tn /#\n\t]{0,3}"#,
    ) {
        let chars: Vec<char> = text.chars().collect();
        let at = at.index(chars.len() + 1);
        let end = (at + remove).min(chars.len());
        let damaged: String =
            chars[..at].iter().copied().chain(insert.chars()).chain(chars[end..].iter().copied()).collect();
        check_against_serde(&damaged)?;
    }

    #[test]
    fn soup_of_tokens_is_judged_as_serde_judges_it(
        tokens in prop::collection::vec(
            prop::sample::select(vec![
                "{", "}", "[", "]", ",", ":", "\"a\"", "\"b\"", "1", "-0", "1e3", "0.5", "01", "1.", "-", "true", "null",
                "nul", " ", "\n", "\"\\u00e9\"", "\"\\ud83d\\ude00\"", "\"\\ud83d\"", "\"\\x\"", "'a'", "//", "é", "\u{feff}",
            ]),
            0..12,
        ),
    ) {
        let text = tokens.concat();
        // A byte order mark at the start is dropped by us and refused by serde_json.
        check_against_serde(text.trim_start_matches('\u{feff}'))?;
    }

    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        check_against_serde(text.trim_start_matches('\u{feff}'))?;
    }

    #[test]
    fn every_value_spans_its_own_text(value in json_value()) {
        let text = serde_json::to_string_pretty(&value).unwrap();
        let node = accepted(&text).unwrap();
        let mut open = vec![&node];
        while let Some(node) = open.pop() {
            let reread: serde_json::Value = serde_json::from_str(node.span.text()).unwrap();
            prop_assert_eq!(node.to_json(), reread);
            for member in node.members() {
                let key: String = serde_json::from_str(member.key_span.text()).unwrap();
                prop_assert_eq!(&member.key, &key);
                open.push(&member.value);
            }
            if let steadfast_config::Value::Array(items) = &node.value {
                open.extend(items);
            }
        }
    }
}

#[test]
fn nesting_is_allowed_up_to_its_limit() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(accepted(&nested(128)).is_some());
    assert!(accepted(&nested(129)).is_none());
    assert!(accepted(&nested(100_000)).is_none());
    assert!(accepted(&r#"{"a":"#.repeat(100_000)).is_none());
}

#[test]
fn a_text_has_at_most_a_mebibyte() {
    let text = |length: usize| format!("\"{}\"", "x".repeat(length - 2));
    assert!(accepted(&text(MAX_BYTES)).is_some());
    assert!(accepted(&text(MAX_BYTES + 1)).is_none());
}

#[test]
fn a_text_has_at_most_a_hundred_thousand_values() {
    // The list itself is a value, too.
    let list = |length: usize| format!("[{}0]", "0,".repeat(length - 1));
    assert!(accepted(&list(99_999)).is_some());
    assert!(accepted(&list(100_000)).is_none());
}

#[test]
fn a_flood_of_mistakes_ends_early() {
    for flood in ["[,,,,", "{'a':1,", "\"a\":1,", "#\n", "[NaN,"] {
        let text = format!("{{{}", flood.repeat(MAX_BYTES / 8));
        let mut problems = Problems::new();
        parse(&Source::new("t", text), &mut problems);
        assert!(problems.error_count() <= 20, "{flood}: {}", problems.error_count());
    }
}

#[test]
fn mistakes_are_stepped_over_when_they_leave_no_doubt() {
    let text = "{'a': True, // one\n b: [1 2,], \"c\": adam,}";
    let mut problems = Problems::new();
    let node = parse(&Source::new("t", text), &mut problems).unwrap();
    assert_eq!(node.to_json(), serde_json::json!({"a": true, "b": [1, 2], "c": "adam"}));
    assert_eq!(problems.error_count(), 8);
}
