//! Numbers as people read them.

use std::time::Duration;

/// `12,345`: digits in groups of three.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `12,345` for 12,345.6: a rate of which the fraction says nothing.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to what a count can say")]
pub(crate) fn rounded(number: f64) -> String {
    count(number.clamp(0.0, 1e15) as u64)
}

/// A metric in at most seven characters or so: four digits after the point, or an exponent where that says nothing.
pub(crate) fn metric(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() {
        value.to_string()
    } else if size != 0.0 && !(1e-3..1e5).contains(&size) {
        format!("{value:.2e}")
    } else if size >= 100.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.4}")
    }
}

/// A learning rate as it is written in configs: shortest form.
pub(crate) fn rate(value: f64) -> String {
    if value != 0.0 && !(1e-4..1e5).contains(&value.abs()) {
        format!("{value:.2e}")
    } else {
        trim(format!("{value:.6}"))
    }
}

fn trim(text: String) -> String {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// `0.8 s`, `12 s`, `3 min 05 s`, `2 h 10 min`.
pub(crate) fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..10 => format!("{:.1} s", time.as_secs_f64()),
        10..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// `512 B`, `1.5 KiB`, `3.2 GiB`.
pub(crate) fn bytes(number: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if number < 1024 {
        return format!("{number} B");
    }
    let mut size = number as f64 / 1024.0;
    let mut unit = 0;
    while size >= 1024.0 && unit + 1 < UNITS.len() {
        size /= 1024.0;
        unit += 1;
    }
    format!("{size:.1} {}", UNITS[unit])
}

/// `1 epoch`, `2 epochs`.
pub(crate) fn plural(number: u64, noun: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{} {noun}{ending}", count(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_can_read_them() {
        assert_eq!([count(0), count(999), count(1000), count(1_234_567)], ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(
            [metric(0.123_456), metric(2895.4), metric(1e-7), metric(0.0)],
            ["0.1235", "2895.4", "1.00e-7", "0.0000"]
        );
        assert_eq!([rate(0.001), rate(0.1), rate(0.0), rate(3e-5)], ["0.001", "0.1", "0", "3.00e-5"]);
        assert_eq!([bytes(512), bytes(1536), bytes(3 << 30)], ["512 B", "1.5 KiB", "3.0 GiB"]);
        let times = [800, 12_000, 185_000, 7_800_000].map(|ms| duration(Duration::from_millis(ms)));
        assert_eq!(times, ["0.8 s", "12 s", "3 min 05 s", "2 h 10 min"]);
    }
}
