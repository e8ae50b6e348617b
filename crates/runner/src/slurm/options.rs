//! What is passed on to Slurm, held to what can stand in a script without meaning something else there.

use std::fmt;
use std::str::FromStr;

/// How long before its limit a job is told to save, in seconds.
pub(super) const AHEAD_S: u64 = 60;

/// A value for an option of Slurm: a name, a size, a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word(String);

/// A time limit as Slurm writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TimeLimit(String);

impl FromStr for Word {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_.,:/+@=-".contains(letter);
        if text.starts_with(|first: char| first.is_ascii_alphanumeric()) && text.chars().all(is_plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err("letters, digits and _.,:/+@=- only, and a letter or a digit first".to_owned())
        }
    }
}

impl FromStr for TimeLimit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let seconds = seconds(text).ok_or_else(|| {
            "not a time of Slurm: MINUTES, MINUTES:SECONDS, HH:MM:SS, DAYS-HH or DAYS-HH:MM".to_owned()
        })?;
        if seconds < 2 * AHEAD_S {
            return Err(format!(
                "too short: a job is told to save {AHEAD_S} seconds ahead; give it two minutes at least"
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

/// What a time of Slurm means.
fn seconds(text: &str) -> Option<u64> {
    let (days, rest) = text.split_once('-').map_or((None, text), |(days, rest)| (Some(days), rest));
    let number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten();
    let parts: Vec<u64> = rest.split(':').map(number).collect::<Option<_>>()?;
    let (hours, minutes, seconds) = match (days.is_some(), parts.as_slice()) {
        (true, [hours]) => (*hours, 0, 0),
        (true, [hours, minutes]) => (*hours, *minutes, 0),
        (false, [minutes]) => (0, *minutes, 0),
        (false, [minutes, seconds]) => (0, *minutes, *seconds),
        (_, [hours, minutes, seconds]) => (*hours, *minutes, *seconds),
        _ => return None,
    };
    let days: u64 = days.map_or(Some(0), number)?;
    let hours = days.checked_mul(24)?.checked_add(hours)?;
    hours.checked_mul(60)?.checked_add(minutes)?.checked_mul(60)?.checked_add(seconds)
}

impl fmt::Display for Word {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Display for TimeLimit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_slurm() {
        let times =
            [("90", 5400), ("2:30", 150), ("2:00:00", 7200), ("1-0", 86_400), ("1-2:30", 95_400), ("0-0:05:00", 300)];
        for (text, expected) in times {
            assert_eq!(seconds(text), Some(expected), "{text}");
            assert_eq!(text.parse::<TimeLimit>().unwrap().to_string(), text);
        }
        for bad in ["", "2h", "1:2:3:4", "-1", "1-", "UNLIMITED", "+5", "1 ", "99999999999999999999", "0", "1", "1:59"]
        {
            assert!(bad.parse::<TimeLimit>().is_err(), "{bad}");
        }
    }

    #[test]
    fn nothing_but_plain_words_gets_into_the_script() {
        for good in ["gpu", "a,b", "8G", "team-1", "nodes:4"] {
            assert_eq!(good.parse::<Word>().unwrap().to_string(), good);
        }
        for bad in ["", "-x", "a b", "a\nb", "a;b", "$(x)", "`x`", "a'b", "a\"b", "a#b", "é", "a\\b", "%j"] {
            assert!(bad.parse::<Word>().is_err(), "{bad}");
        }
    }
}
