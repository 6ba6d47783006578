//! Texts, numbers and the values that users give.

use std::cmp::Ordering;
use std::fmt::Display;
use std::io::Write as _;

use serde::ser::Error as _;
use serde_json::{Error, Map, Number, Value};

use super::is_plain;
use crate::event::values::MAX_INTEGER;

/// Any value. As deep as the value is nested, so limits come first.
pub(super) fn value(out: &mut Vec<u8>, value: &Value) -> Result<(), Error> {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(given) => number(out, given)?,
        Value::String(given) => text(out, given),
        Value::Array(items) => list(out, items, self::value)?,
        Value::Object(members) => object(out, members)?,
    }
    Ok(())
}

/// A list, each item written by `each`.
pub(super) fn list<T>(
    out: &mut Vec<u8>,
    items: &[T],
    each: impl Fn(&mut Vec<u8>, &T) -> Result<(), Error>,
) -> Result<(), Error> {
    out.push(b'[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        each(out, item)?;
    }
    out.push(b']');
    Ok(())
}

/// An object of members that users named.
pub(super) fn object(out: &mut Vec<u8>, members: &Map<String, Value>) -> Result<(), Error> {
    out.push(b'{');
    let mut first = true;
    let mut member = |(name, of): (&String, &Value)| {
        if !std::mem::take(&mut first) {
            out.push(b',');
        }
        text(out, name);
        out.push(b':');
        value(out, of)
    };
    if members.keys().is_sorted_by(|a, b| order(a, b).is_le()) {
        members.iter().try_for_each(&mut member)?;
    } else {
        sorted(members).into_iter().try_for_each(&mut member)?;
    }
    out.push(b'}');
    Ok(())
}

/// The members in canonical order, whatever order the map keeps them in.
pub(super) fn sorted(members: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut sorted: Vec<_> = members.iter().collect();
    sorted.sort_unstable_by(|(a, _), (b, _)| order(a, b));
    sorted
}

/// The order of names in RFC 8785 section 3.2.3: that of their UTF-16 code units.
///
/// It is the order of the UTF-8 bytes, but that characters beyond U+FFFF (first byte 0xF0 and up), which are surrogates
/// there, come before those from U+E000 (first byte 0xEE or 0xEF).
pub(super) fn order(a: &str, b: &str) -> Ordering {
    let pairs = a.bytes().zip(b.bytes());
    match pairs.into_iter().find(|(a, b)| a != b) {
        Some((a, b)) if a >= 0xee && b >= 0xee => (a < 0xf0).cmp(&(b < 0xf0)).then(a.cmp(&b)),
        Some((a, b)) => a.cmp(&b),
        None => a.len().cmp(&b.len()),
    }
}

/// A text with the escapes of RFC 8785 section 3.2.2.2.
pub(super) fn text(out: &mut Vec<u8>, text: &str) {
    if is_plain(text) {
        return word(out, text);
    }
    out.reserve(text.len() + 2);
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|byte| matches!(byte, 0..0x20 | b'"' | b'\\')) {
        let (plain, escaped) = rest.split_at(at);
        out.extend_from_slice(plain);
        let Some((byte, after)) = escaped.split_first() else { break };
        escape(out, *byte);
        rest = after;
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

fn escape(out: &mut Vec<u8>, byte: u8) {
    let short = match byte {
        0x08 => b'b',
        b'\t' => b't',
        b'\n' => b'n',
        0x0c => b'f',
        b'\r' => b'r',
        b'"' | b'\\' => byte,
        control => {
            let low = match control & 0xf {
                digit @ 0..10 => b'0' + digit,
                digit => b'a' + digit - 10,
            };
            return out.extend_from_slice(&[b'\\', b'u', b'0', b'0', b'0' + (control >> 4), low]);
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

/// A text that needs no escape.
pub(super) fn word(out: &mut Vec<u8>, word: &str) {
    out.reserve(word.len() + 2);
    out.push(b'"');
    out.extend_from_slice(word.as_bytes());
    out.push(b'"');
}

/// What something shows as, which needs no escape.
pub(super) fn shown(out: &mut Vec<u8>, thing: &impl Display) -> Result<(), Error> {
    write!(out, "\"{thing}\"").map_err(Error::io)
}

/// Numbers are doubles, written as ECMAScript does (RFC 8785 section 3.2.2.3).
fn number(out: &mut Vec<u8>, number: &Number) -> Result<(), Error> {
    if let Some(given) = number.as_i64() {
        if given < 0 {
            out.push(b'-');
        }
        integer(out, given.unsigned_abs());
        return Ok(());
    }
    // Texts of numbers beyond any double exist under serde_json's feature `arbitrary_precision`.
    let given = number.as_f64().ok_or_else(|| Error::custom("NaN and infinity are no numbers of JSON"))?;
    double(out, given);
    Ok(())
}

fn double(out: &mut Vec<u8>, double: f64) {
    out.extend_from_slice(ryu_js::Buffer::new().format_finite(double).as_bytes());
}

/// An integer, as the double that it is to readers of JSON.
pub(super) fn integer(out: &mut Vec<u8>, integer: u64) {
    if integer > MAX_INTEGER {
        #[expect(clippy::cast_precision_loss, reason = "what the canonical form asks for")]
        return double(out, integer as f64);
    }
    // 2^53 has 16 digits.
    let (mut digits, mut length, mut rest) = ([b'0'; 16], 0, integer);
    for digit in digits.iter_mut().rev() {
        *digit += u8::try_from(rest % 10).unwrap_or_default();
        rest /= 10;
        length += 1;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(digits.len() - length..).unwrap_or_default());
}
