//! Numbers: the grammar of JSON, and kind words for everything that other languages allow.

use super::cursor::{Cursor, Stop};
use crate::node::Value;
use crate::wording::clipped;

impl Cursor<'_> {
    /// A value that starts like a number.
    pub(super) fn number(&mut self) -> Result<Value, Stop> {
        let start = self.at;
        let rest = self.rest();
        let length = rest.find(|c: char| !is_number_char(c)).unwrap_or(rest.len());
        let token = &rest[..length];
        self.at += length;
        if is_json_number(token) {
            return Ok(Value::Number(token.to_owned()));
        }
        self.poisoned = true;
        let span = self.since(start);
        let message = format!("{} is not a number that JSON allows", clipped(token));
        self.mistake(&span, message, &remedy(token))?;
        Ok(Value::Null)
    }
}

/// Letters and underscores are taken along, so that `1_000` and `0x10` are one mistake and not two.
fn is_number_char(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '+' | '-' | '.' | '_')
}

/// RFC 8259, section 6.
fn is_json_number(token: &str) -> bool {
    let unsigned = token.strip_prefix('-').unwrap_or(token);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    is_digits(whole)
        && (whole.len() == 1 || !whole.starts_with('0'))
        && fraction.is_none_or(is_digits)
        && exponent.is_none_or(is_digits)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// What to write instead.
fn remedy(token: &str) -> String {
    let bare = token.trim_start_matches(['+', '-']);
    let hexadecimal = bare.strip_prefix("0x").or_else(|| bare.strip_prefix("0X"));
    if let Some(value) = hexadecimal.and_then(|digits| u64::from_str_radix(digits, 16).ok()) {
        return format!("write it in decimal: {value}");
    }
    if matches!(bare.to_ascii_lowercase().as_str(), "inf" | "infinity" | "nan") {
        return "write a finite number".to_owned();
    }
    match repaired(token) {
        Some(number) => format!("write {}", clipped(&number)),
        None => "a number looks like 3, -0.5 or 1e-3".to_owned(),
    }
}

/// The same number in the grammar of JSON, for slips that leave no doubt about it.
fn repaired(token: &str) -> Option<String> {
    let token = token.replace('_', "");
    let token = token.strip_prefix('+').unwrap_or(&token);
    let (sign, unsigned) = token.strip_prefix('-').map_or(("", token), |rest| ("-", rest));
    let (mantissa, exponent) = unsigned.split_at(unsigned.find(['e', 'E']).unwrap_or(unsigned.len()));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        digits => digits,
    };
    let point = if fraction.is_empty() { "" } else { "." };
    let number = format!("{sign}{whole}{point}{fraction}{exponent}");
    is_json_number(&number).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_is_that_of_the_rfc() {
        for good in ["0", "-0", "10", "1.5", "-1.50", "1e3", "1E+3", "1e-03", "0.0e0", "1e400"] {
            assert!(is_json_number(good), "{good}");
        }
        for bad in ["", "-", "+1", "01", "-01", ".5", "1.", "1e", "1e+", "1.e3", "0x1", "1_0", "--1", "1a", "1e1.5"] {
            assert!(!is_json_number(bad), "{bad}");
        }
    }

    #[test]
    fn slips_are_repaired() {
        for (written, meant) in [
            ("+1", "write 1"),
            (".5", "write 0.5"),
            ("-.5", "write -0.5"),
            ("5.", "write 5"),
            ("007", "write 7"),
            ("1_000", "write 1000"),
            ("0x10", "write it in decimal: 16"),
            ("-Infinity", "write a finite number"),
            ("1.2.3", "a number looks like 3, -0.5 or 1e-3"),
        ] {
            assert_eq!(remedy(written), meant, "{written}");
        }
    }
}
