//! JSON as the official clients read it.
//!
//! A text that a JavaScript program cut within an emoji holds half of a surrogate pair, as `"\ud83d"`. JavaScript stores and
//! reads that; a text of Rust can't hold it, and one such event must not make a page of others unreadable.

use std::borrow::Cow;

use memchr::memchr;
use serde::de::DeserializeOwned;

/// Reads JSON, and what JavaScript takes for JSON: a byte order mark in front is dropped, invalid UTF-8 is replaced (both as
/// by the Encoding Standard, "UTF-8 decode"), and so is half of a surrogate pair: by U+FFFD.
///
/// # Errors
///
/// Those of serde_json. Their texts may quote what stands there.
pub(crate) fn read<T: DeserializeOwned>(text: &[u8]) -> Result<T, serde_json::Error> {
    serde_json::from_slice(text).or_else(|error| match mended(text) {
        Some(mended) => serde_json::from_slice(&mended),
        None => Err(error),
    })
}

/// The text without what only JavaScript can read; `None` where there is none of it.
fn mended(text: &[u8]) -> Option<Vec<u8>> {
    let marked = text.strip_prefix(b"\xef\xbb\xbf");
    let decoded = String::from_utf8_lossy(marked.unwrap_or(text));
    let mut mended = marked.is_some() || matches!(decoded, Cow::Owned(_));
    let mut decoded = decoded.into_owned().into_bytes();
    mended |= replace_halves(&mut decoded);
    mended.then_some(decoded)
}

/// Replaces each escape of half of a surrogate pair, and says whether there was one.
fn replace_halves(text: &mut [u8]) -> bool {
    let (mut at, mut replaced) = (0, false);
    while let Some(next) = text.get(at..).and_then(|rest| memchr(b'\\', rest)) {
        at += next;
        at += match (unit(text, at), unit(text, at + 6)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => 12,
            (Some(0xD800..=0xDFFF), _) => {
                if let Some(digits) = text.get_mut(at + 2..at + 6) {
                    digits.copy_from_slice(b"fffd");
                }
                replaced = true;
                6
            }
            // A backslash that is escaped begins nothing.
            _ => 2,
        };
    }
    replaced
}

/// The UTF-16 code unit that is escaped here (RFC 8259 section 7).
fn unit(text: &[u8], at: usize) -> Option<u16> {
    let digits = text.get(at..at + 6)?.strip_prefix(b"\\u")?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn half_of_a_pair_is_replaced_and_a_whole_one_stays() {
        for (text, read) in [
            (r#""\ud83d""#, "\u{fffd}"),
            (r#""a\uD83D b\uDE00""#, "a\u{fffd} b\u{fffd}"),
            (r#""\ud83d\ude00""#, "😀"),
            (r#""\ud83d\ud83d\ude00""#, "\u{fffd}😀"),
            (r#""\ude00\ud83d""#, "\u{fffd}\u{fffd}"),
            (r#""\ud83d\u0041\ud83d\n""#, "\u{fffd}A\u{fffd}\n"),
            // No escape, but a backslash and a text.
            (r#""\\ud83d \ud83d""#, "\\ud83d \u{fffd}"),
            (r#""\\\ud83d""#, "\\\u{fffd}"),
            (r#""😀\ud83dü""#, "😀\u{fffd}ü"),
        ] {
            assert_eq!(super::read::<String>(text.as_bytes()).unwrap(), read, "{text}");
        }
        let names = super::read::<Value>(br#"{"\udfff": [{"a": "\ud800"}]}"#).unwrap();
        assert_eq!(names, json!({"\u{fffd}": [{"a": "\u{fffd}"}]}));
    }

    #[test]
    fn a_mark_in_front_is_dropped_once_and_what_is_no_utf_8_is_replaced() {
        assert_eq!(read::<Value>(b"\xef\xbb\xbf [1]").unwrap(), json!([1]));
        assert!(read::<Value>(b"\xef\xbb\xbf\xef\xbb\xbf[1]").is_err());
        assert_eq!(read::<String>(b"\"\xef\xbb\xbf\"").unwrap(), "\u{feff}");
        assert_eq!(read::<String>(b"\"a\xff\xe2\x82b\\ud83d\"").unwrap(), "a\u{fffd}\u{fffd}b\u{fffd}");
        // Half of a pair in UTF-8 itself, as some write it.
        assert_eq!(read::<String>(b"\"\xed\xa0\xbd\"").unwrap(), "\u{fffd}\u{fffd}\u{fffd}");
    }

    #[test]
    fn what_is_no_json_is_none_all_the_same() {
        for text in [
            "",
            "<html>",
            r#""\ud8"#,
            r#""\ud83"#,
            r#""\ud83d"#,
            r#""\ud83g""#,
            r#""\"#,
            r#""\x""#,
            "\u{feff}",
        ] {
            assert!(read::<Value>(text.as_bytes()).is_err(), "{text}");
        }
        assert!(read::<Value>(br#"{"a": "\ud83d""#).unwrap_err().is_eof());
        assert!(read::<u8>(br#""\ud83d""#).unwrap_err().is_data());
    }
}
