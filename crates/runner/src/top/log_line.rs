//! A line of a log in the little room that there is: the time of day, how bad it is, and what happened.

use ratatui::text::{Line, Span};

use super::palette::Palette;

/// A line of a text log in its parts.
#[derive(Debug, PartialEq, Eq)]
struct Parts<'a> {
    /// `07:02:49`, UTC.
    time: &'a str,
    level: &'a str,
    text: &'a str,
}

/// Short, and with warnings and errors marked. What does not look like a line of a text log stays as it is.
pub(super) fn line(full: &str, palette: Palette) -> Line<'_> {
    let Some(Parts { time, level, text }) = parts(full) else { return Line::raw(full) };
    let mut line = Line::from(Span::styled(format!("{time} "), Palette::dim()));
    match level {
        "WARN" | "ERROR" => {
            line.push_span(Span::styled(format!("{level} {text}"), palette.level(level)));
        }
        _ => line.push_span(Span::raw(text)),
    }
    line
}

/// `2026-01-01T00:00:09.1Z  INFO run: epoch 1 done` in its parts; the target of what a run tells is left out.
fn parts(full: &str) -> Option<Parts<'_>> {
    let (moment, rest) = full.split_once(' ')?;
    let (_, time) = moment.strip_suffix('Z')?.split_once('T')?;
    let time = time.get(..8).filter(|time| time.bytes().all(|byte| byte.is_ascii_digit() || byte == b':'))?;
    let (level, text) = rest.trim_start().split_once(' ')?;
    let is_level = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR"].contains(&level);
    is_level.then(|| Parts { time, level, text: text.strip_prefix("run: ").unwrap_or(text) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_into_what_matters() {
        let found = parts("2026-11-27T07:02:49.212582Z  INFO run: epoch 1 done: train_loss 1.6");
        assert_eq!(found, Some(Parts { time: "07:02:49", level: "INFO", text: "epoch 1 done: train_loss 1.6" }));
        let found = parts("2026-11-27T07:02:49Z ERROR steadfast::end: failed");
        assert_eq!(found, Some(Parts { time: "07:02:49", level: "ERROR", text: "steadfast::end: failed" }));
        for other in
            ["", "{\"timestamp\": 1}", "TZ INFO", "T1234567\u{e9}Z INFO run: x", "2026-11-27T07:02:49Z epoch 1"]
        {
            assert_eq!(parts(other), None, "{other}");
            assert_eq!(line(other, Palette { colored: true }), Line::raw(other));
        }
    }
}
