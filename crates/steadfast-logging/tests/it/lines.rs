//! What one line looks like.

use std::error::Error;

use insta::assert_snapshot;
use steadfast_logging::{ConsoleOptions, FileOptions, Filter, LogFormat, Rotation};
use thiserror::Error;
use tracing::level_filters::LevelFilter;

use crate::support::{Screen, lines_of, logger, without_time};

#[derive(Debug, Error)]
#[error("cannot save step 7")]
struct SaveFailed(#[source] std::io::Error);

/// Events of every kind, as console and file lines with the time redacted.
fn show(console_format: LogFormat, file_format: LogFormat, color: bool) -> (Vec<String>, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.txt");
    let screen = Screen::default();
    let console =
        ConsoleOptions { format: console_format, color, filter: LevelFilter::TRACE.into(), ..screen.options() };
    let file = FileOptions { format: file_format, filter: LevelFilter::TRACE.into() };
    let (logger, dispatch) = logger(console, file);
    let log = logger.attach(&path, Rotation::default()).unwrap();
    tracing::dispatcher::with_default(&dispatch, || {
        tracing::info!(step = 100, loss = 0.25, ok = true, kind = "two words", "saved");
        tracing::debug!(delta = -3, nan = f64::NAN, shape = ?[2, 3], path = %"a/b", "details");
        let error = SaveFailed(std::io::Error::other("no space left on device"));
        let error: &(dyn Error + 'static) = &error;
        tracing::error!(error, "stopping");
        tracing::warn!("line one\nline two\u{1b}[31m red");
        tracing::trace!(only = "fields");
        let run = tracing::info_span!("run", name = "exp 1", epoch = tracing::field::Empty);
        run.in_scope(|| {
            run.record("epoch", 3);
            tracing::info_span!("validate").in_scope(|| tracing::info!("accuracy improved"));
        });
    });
    drop(log);
    let redact = |lines: Vec<String>| lines.iter().map(|line| without_time(line)).collect();
    (redact(screen.lines()), redact(lines_of(&path)))
}

#[test]
fn text_for_people() {
    let (console, file) = show(LogFormat::Text, LogFormat::Text, false);
    assert_snapshot!(console.join("\n"), @r#"
    TIME  INFO saved step=100 loss=0.25 ok=true kind="two words"
    TIME DEBUG details delta=-3 nan=NaN shape="[2, 3]" path=a/b
    TIME ERROR stopping error="cannot save step 7: no space left on device"
    TIME  WARN line one\nline two\u{1b}[31m red
    TIME TRACE only=fields
    TIME  INFO run{name="exp 1" epoch=3}: validate: accuracy improved
    "#);
    assert_snapshot!(file.join("\n"), @r#"
    TIME  INFO it::lines: saved step=100 loss=0.25 ok=true kind="two words"
    TIME DEBUG it::lines: details delta=-3 nan=NaN shape="[2, 3]" path=a/b
    TIME ERROR it::lines: stopping error="cannot save step 7: no space left on device"
    TIME  WARN it::lines: line one\nline two\u{1b}[31m red
    TIME TRACE it::lines: only=fields
    TIME  INFO it::lines: run{name="exp 1" epoch=3}: validate: accuracy improved
    "#);
}

#[test]
fn json_for_programs() {
    let (console, file) = show(LogFormat::Json, LogFormat::Json, true);
    assert_eq!(console, file);
    assert_snapshot!(console.join("\n"), @r#"
    {"timestamp":"TIME","level":"INFO","target":"it::lines","message":"saved","fields":{"step":100,"loss":0.25,"ok":true,"kind":"two words"},"spans":[]}
    {"timestamp":"TIME","level":"DEBUG","target":"it::lines","message":"details","fields":{"delta":-3,"nan":"NaN","shape":"[2, 3]","path":"a/b"},"spans":[]}
    {"timestamp":"TIME","level":"ERROR","target":"it::lines","message":"stopping","fields":{"error":"cannot save step 7: no space left on device"},"spans":[]}
    {"timestamp":"TIME","level":"WARN","target":"it::lines","message":"line one\nline two\u001b[31m red","fields":{},"spans":[]}
    {"timestamp":"TIME","level":"TRACE","target":"it::lines","message":"","fields":{"only":"fields"},"spans":[]}
    {"timestamp":"TIME","level":"INFO","target":"it::lines","message":"accuracy improved","fields":{},"spans":[{"name":"run","fields":{"name":"exp 1","epoch":3}},{"name":"validate","fields":{}}]}
    "#);
    for line in console {
        let parsed: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(parsed["timestamp"], "TIME");
    }
}

#[test]
fn colors_stay_on_the_console() {
    let (colored, file) = show(LogFormat::Text, LogFormat::Text, true);
    assert!(colored.iter().all(|line| line.contains("\u{1b}[")));
    assert!(file.iter().all(|line| !line.contains('\u{1b}')), "{file:?}");
    let (_, beside_plain) = show(LogFormat::Text, LogFormat::Text, false);
    assert_eq!(file, beside_plain);
    // What the text itself brought along is spelled out even where colors are allowed.
    assert_snapshot!(colored[3].replace('\u{1b}', "ESC"), @r"ESC[2mTIMEESC[0m ESC[33m WARNESC[0m line one\nline two\u{1b}[31m red");
}

#[test]
fn console_and_file_may_differ_in_format() {
    let (console, file) = show(LogFormat::Text, LogFormat::Json, true);
    let (_, json) = show(LogFormat::Json, LogFormat::Json, false);
    assert_eq!(file, json);
    assert!(console.iter().all(|line| !line.contains("\"timestamp\"")));
}

#[test]
fn console_and_file_have_levels_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.txt");
    let screen = Screen::default();
    let console = ConsoleOptions { filter: LevelFilter::WARN.into(), ..screen.options() };
    let filter: Filter = "info,chatty=off".parse().unwrap();
    let (logger, dispatch) = logger(console, FileOptions { filter, ..FileOptions::default() });
    let _log = logger.attach(&path, Rotation::default()).unwrap();
    tracing::dispatcher::with_default(&dispatch, || {
        tracing::debug!("nowhere");
        tracing::info!("file");
        tracing::warn!("both");
        tracing::warn!(target: "chatty", "console");
    });
    let words = |lines: Vec<String>| -> Vec<String> {
        lines.iter().map(|line| line.rsplit(' ').next().unwrap().to_owned()).collect()
    };
    assert_eq!(words(screen.lines()), ["both", "console"]);
    assert_eq!(words(lines_of(&path)), ["file", "both"]);
}
