//! A run's texts are somebody else's: none of them may become markup or code.

use proptest::prelude::*;
use serde_json::json;
use steadfast_report::{Report, RunRecord, page};

use crate::support::{data_of, report, run};

const ATTACKS: [&str; 6] = [
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "\"><img src=x onerror=alert(1)>",
    "'><svg/onload=alert(1)>",
    "]]>\u{2028}\u{2029}\0&lt;",
    "</noscript></title><script>alert(1)</script>",
];

/// A run in which every text that the page shows is `text`.
fn hostile(text: &str) -> RunRecord {
    let mut run = run(text, 0, 0.1);
    text.clone_into(&mut run.status);
    run.config["description"] = json!(text);
    run.config["tags"] = json!([text]);
    run.config[text] = json!({text: text});
    run.result["error"] = json!({"class": text, "message": text});
    run.result["evaluation"]["confusion_matrix"]["classes"] = json!([text, text]);
    run.result["best"]["epoch"] = json!(text);
    run.result["best"]["val_loss"] = json!(text);
    run.environment = json!({text: text});
    run.metrics[0].insert(text.to_owned(), json!(1.0));
    run
}

/// Every tag of the page; JSON and script are one text each.
fn tags(html: &str) -> Vec<String> {
    html.split('<').skip(1).map(|rest| rest.split(['>', ' ', '\n']).next().unwrap_or_default().to_owned()).collect()
}

fn is_harmless(text: &str) -> Result<(), String> {
    let of =
        |text: &str| page(&Report { title: text.to_owned(), program: text.to_owned(), ..report(vec![hostile(text)]) });
    let (plain, html) = (of("plain"), of(text));
    if tags(&plain) != tags(&html) {
        return Err(format!("{text:?} makes tags"));
    }
    let told = data_of(&html);
    let same = told["runs"][0]["error"]["message"] == json!(text) && told["title"] == json!(text);
    if same { Ok(()) } else { Err(format!("{text:?} is not told as it is")) }
}

#[test]
fn attacks_are_texts() {
    for attack in ATTACKS {
        is_harmless(attack).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn so_is_everything_else(text in "[<>/!\"'&a-z\\-\\PC]{1,24}") {
        prop_assume!(!["name", "seed"].contains(&text.as_str()));
        is_harmless(&text).map_err(TestCaseError::fail)?;
    }
}
