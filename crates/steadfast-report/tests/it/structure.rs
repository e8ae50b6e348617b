//! How the page is built.

use steadfast_report::{Report, RunRecord, page};

use crate::support::{data, report, run};

/// The page with everything long cut out.
fn skeleton(html: &str) -> String {
    let mut text = html.to_owned();
    for (open, close) in [("<style>", "</style>"), ("<script>", "</script>")] {
        let from = text.find(open).unwrap() + open.len();
        let to = from + text[from..].find(close).unwrap();
        text.replace_range(from..to, "...");
    }
    let hash = |text: &str| text.starts_with("'sha256-");
    let words: Vec<&str> = text.split(' ').map(|word| if hash(word) { "'sha256-...'" } else { word }).collect();
    words.join(" ")
}

#[test]
fn a_page_of_two_runs() {
    let mut failed = run("b", 0, 0.2);
    failed.status = "failed".to_owned();
    failed.result["error"] = serde_json::json!({"class": "numeric", "message": "the training loss is NaN at step 3"});
    insta::assert_snapshot!(skeleton(&page(&report(vec![run("a", 0, 0.1), failed]))));
}

#[test]
fn no_runs_make_a_page_too() {
    insta::assert_snapshot!(skeleton(&page(&report(Vec::new()))));
}

#[test]
fn runs_of_which_nothing_is_known_make_a_page() {
    let unknown = RunRecord { name: "killed".to_owned(), status: "interrupted".to_owned(), ..RunRecord::default() };
    let told = data(vec![unknown, run("a", 0, 0.1)]);
    assert_eq!(told["runs"][0]["curves"]["rows"], 0);
    assert!(told["runs"][0].get("best").is_none());
}

#[test]
fn equal_runs_make_equal_pages() {
    let make =
        || page(&report((0..20_u32).map(|seed| run(&format!("r{seed}"), seed.into(), f64::from(seed))).collect()));
    assert_eq!(make(), make());
}

#[test]
fn the_page_asks_for_nothing() {
    let html = page(&Report { ..report(vec![run("a", 0, 0.1)]) });
    let named = html.replace("http://www.w3.org/2000/svg", "");
    for address in ["http:", "https:", "//cdn", "@import", "url(", "src=\"", "fetch(", "XMLHttpRequest", "import("] {
        assert!(!named.contains(address), "{address}");
    }
    assert!(html.contains("default-src 'none'"));
}
