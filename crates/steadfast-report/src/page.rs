//! The file itself: a policy, a style, the data and the script that draws it.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::page_data::{self, Monitor};
use crate::record::{Report, RunRecord};
use crate::{base64, escape};

const STYLE: &[&str] = &[
    include_str!("page/look.css"),
    include_str!("page/controls.css"),
    include_str!("page/charts.css"),
    include_str!("page/details.css"),
];

/// In this order they make one script.
const SCRIPT: &[&str] = &[
    include_str!("page/elements.js"),
    include_str!("page/model.js"),
    include_str!("page/filter.js"),
    include_str!("page/overview.js"),
    include_str!("page/table.js"),
    include_str!("page/scale.js"),
    include_str!("page/chart.js"),
    include_str!("page/curves.js"),
    include_str!("page/seeds.js"),
    include_str!("page/parallel.js"),
    include_str!("page/importance.js"),
    include_str!("page/confusion.js"),
    include_str!("page/details.js"),
    include_str!("page/provenance.js"),
    include_str!("page/start.js"),
];

/// The page, whole.
pub fn page(report: &Report) -> String {
    let monitor = Monitor::of(&report.runs);
    let style = STYLE.concat();
    let script = format!("\"use strict\";\n(() => {{\n{}}})();\n", SCRIPT.concat());
    let data = escape::json(&page_data::of(report, &monitor));
    let title = escape::html(&report.title);
    let table = plain_table(&report.runs, &monitor);
    let head = head(&title, &style, &script);
    [
        "<!doctype html>\n<html lang=\"en\">\n<head>\n",
        &head,
        "</head>\n<body>\n<noscript>\n<h1>",
        &title,
        "</h1>\n",
        &table,
        "</noscript>\n<main id=\"page\"></main>\n<script type=\"application/json\" id=\"data\">",
        &data,
        "</script>\n<script>",
        &script,
        "</script>\n</body>\n</html>\n",
    ]
    .concat()
}

/// What stands before the body: above all a policy that allows this style and this script and nothing else.
fn head(title: &str, style: &str, script: &str) -> String {
    let (of_script, of_style) = (fingerprint(script), fingerprint(style));
    let policy = format!(
        "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; \
         script-src '{of_script}'; style-src '{of_style}'"
    );
    // The icon is an empty picture, so that nothing asks for one.
    format!(
        "<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <link rel=\"icon\" href=\"data:,\">\n\
         <title>{title}</title>\n<style>{style}</style>\n"
    )
}

/// What a policy calls a text that may stand in the page.
fn fingerprint(text: &str) -> String {
    format!("sha256-{}", base64::encode(&Sha256::digest(text.as_bytes())))
}

/// What is shown where no script may run.
fn plain_table(runs: &[RunRecord], monitor: &Monitor) -> String {
    let metric = escape::html(&monitor.metric);
    let row = |run: &RunRecord| {
        let figure = |key: &str| match run.best().and_then(|best| best.get(key)) {
            Some(Value::String(word)) => escape::html(word),
            Some(value) => escape::html(&value.to_string()),
            None => String::new(),
        };
        let [name, status] = [&run.name, &run.status].map(|text| escape::html(text));
        let (epoch, value) = (figure("epoch"), figure(&monitor.metric));
        format!("<tr><td>{name}</td><td>{status}</td><td>{epoch}</td><td>{value}</td></tr>\n")
    };
    let rows: Vec<String> = runs.iter().map(row).collect();
    let head = format!("<tr><th>run</th><th>status</th><th>best epoch</th><th>{metric}</th></tr>\n");
    format!("<table>\n{head}{}</table>\n", rows.concat())
}

#[cfg(test)]
mod tests {
    use super::{SCRIPT, STYLE, fingerprint};

    /// `printf abc | openssl dgst -sha256 -binary | base64` of OpenSSL 3.0.
    #[test]
    fn fingerprints_are_those_of_the_policy() {
        assert_eq!(fingerprint("abc"), "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
    }

    #[test]
    fn parts_of_the_page_stay_readable() {
        for part in SCRIPT.iter().chain(STYLE) {
            assert!(part.lines().count() <= 600 && part.lines().all(|line| line.chars().count() <= 120));
            assert!(part.starts_with("/*") || part.starts_with("//"), "says first what it holds");
            assert!(!part.contains("innerHTML") && !part.contains("</"), "text is never read as markup");
        }
    }
}
