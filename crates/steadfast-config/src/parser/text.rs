//! Quoted text and its escapes.

use super::cursor::{Cursor, Stop};
use crate::node::Value;
use crate::wording::{escape, literal};

impl Cursor<'_> {
    /// Reads a text up to the closing `quote`; the opening one comes next.
    pub(super) fn quoted(&mut self, quote: char) -> Result<String, Stop> {
        let start = self.at;
        self.at += quote.len_utf8();
        let mut text = String::new();
        loop {
            let rest = self.rest();
            let plain = rest.find(|c| c == quote || c == '\\' || c < ' ').unwrap_or(rest.len());
            text.push_str(&rest[..plain]);
            self.at += plain;
            match self.peek_char() {
                Some(c) if c == quote => {
                    self.at += c.len_utf8();
                    return Ok(text);
                }
                Some('\\') => self.escape(&mut text)?,
                None | Some('\n' | '\r') => {
                    let span = self.since(start);
                    let help = "end it with a double quote; a line break inside text is written `\\n`";
                    return Err(self.stop(&span, "this text is never closed", Some(help)));
                }
                Some(c) => {
                    let span = self.next_place();
                    self.at += c.len_utf8();
                    text.push(c);
                    let message = format!("{} cannot stand in a text as it is", control_name(c));
                    let help = format!("write `{}`", escape(&c.to_string()));
                    self.mistake(&span, message, &help)?;
                }
            }
        }
    }

    /// `'text'`: reported, and read as the text it was meant to be.
    pub(super) fn single_quoted(&mut self) -> Result<Value, Stop> {
        let start = self.at;
        let text = self.quoted('\'')?;
        let span = self.since(start);
        let help = format!("write {}", literal(&text));
        self.mistake(&span, "text stands in double quotes, not in single ones", &help)?;
        Ok(Value::String(text))
    }

    fn escape(&mut self, text: &mut String) -> Result<(), Stop> {
        let start = self.at;
        self.at += 1;
        let Some(c) = self.peek_char() else { return Ok(()) };
        let meant = match c {
            '"' | '\\' | '/' => c,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => return self.unicode_escape(start, text),
            c if c < ' ' => return Ok(()),
            c => {
                self.at += c.len_utf8();
                text.push('\\');
                text.push(c);
                let span = self.since(start);
                let message = format!("`\\{}` means nothing in a text", escape(&c.to_string()));
                return self.mistake(&span, message, "a backslash itself is written `\\\\`");
            }
        };
        self.at += 1;
        text.push(meant);
        Ok(())
    }

    /// `\u00e9`, or two of them for a character beyond U+FFFF; `start` is where the backslash stands.
    fn unicode_escape(&mut self, start: usize, text: &mut String) -> Result<(), Stop> {
        let Some(first) = self.hex4() else {
            let span = self.since(start);
            return self.mistake(&span, "`\\u` needs four hexadecimal digits", "as in `\\u00e9`");
        };
        let mut c = char::from_u32(first);
        if (0xd800..0xdc00).contains(&first) && self.rest().starts_with("\\u") {
            let after_first = self.at;
            self.at += 1;
            match self.hex4() {
                Some(second @ 0xdc00..0xe000) => {
                    c = char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00));
                }
                _ => self.at = after_first,
            }
        }
        if let Some(c) = c {
            text.push(c);
            return Ok(());
        }
        text.push(char::REPLACEMENT_CHARACTER);
        let span = self.since(start);
        let message = format!("`\\u{first:04x}` is only half of a character");
        self.mistake(&span, message, "write the character itself, or both halves of its pair")
    }

    /// The four digits behind `u`, which comes next; stays behind `u` if they are not there.
    fn hex4(&mut self) -> Option<u32> {
        self.at += 1;
        let digits = self.rest().get(..4)?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        self.at += 4;
        u32::from_str_radix(digits, 16).ok()
    }
}

fn control_name(c: char) -> String {
    match c {
        '\t' => "a tab".to_owned(),
        c => format!("the control character U+{:04X}", u32::from(c)),
    }
}
