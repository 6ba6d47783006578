//! Text that stays one line, whatever it holds.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether the character could break a line or change how the rest of it is read.
///
/// Control characters, Unicode's line and paragraph separators, bidirectional controls and marks, invisible and
/// annotation characters, tags. The zero-width joiners stay: names in Persian and many emoji need them.
pub(crate) fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{2028}' | '\u{2029}' | '\u{061c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{feff}'
        )
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fff9}'..='\u{fffb}')
        || matches!(c, '\u{e0000}'..='\u{e007f}')
}

/// The JSON text, with hostile characters written as `\uXXXX`. It parses to the same value: where it was
/// canonical, canonicalising it gives the same bytes again.
pub(crate) fn json(text: &str) -> Cow<'_, str> {
    // In JSON without white space such characters occur only inside strings, where the escape means the same character.
    if !text.contains(is_hostile) {
        return Cow::Borrowed(text);
    }
    let mut line = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_hostile(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a String can't fail.
                let _ = write!(line, "\\u{unit:04x}");
            }
        } else {
            line.push(c);
        }
    }
    Cow::Owned(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_escapes_what_could_break_a_line_and_means_the_same() {
        let canonical = "{\"a\":\"x\u{2028}y\u{85}z\u{202e}\u{7f}\u{e0041}é😀\"}";
        let line = json(canonical);
        assert_eq!(line, "{\"a\":\"x\\u2028y\\u0085z\\u202e\\u007f\\udb40\\udc41é😀\"}");
        let same: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(serde_json_canonicalizer::to_string(&same).unwrap(), canonical);
    }

    #[test]
    fn harmless_json_is_left_alone() {
        assert!(matches!(json(r#"{"a":"\u0001é"}"#), Cow::Borrowed(_)));
    }
}
