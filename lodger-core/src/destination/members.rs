//! Canonical JSON in parts: the members of an object as the text that they are, to be put together in another way.
//!
//! Canonical JSON (RFC 8785) has no white space, and its members are in order. A part of it is canonical too.

#[cfg(feature = "http")]
mod object;

use std::borrow::Cow;

use memchr::memchr2;

#[cfg(feature = "http")]
pub(super) use object::{Members, elements};

/// The value of one member of an object in canonical JSON. What stands behind it is not looked at.
pub(super) fn find<'a>(object: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let mut rest = object.strip_prefix(b"{")?;
    loop {
        let (known, value, behind) = first(rest)?;
        if known == name.as_bytes() {
            return Some(value);
        }
        rest = behind.strip_prefix(b",")?;
    }
}

/// The text of a string; `None` where the value is none.
pub(super) fn text(value: &[u8]) -> Option<Cow<'_, str>> {
    let inner = value.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    if inner.contains(&b'\\') {
        serde_json::from_slice(value).ok().map(Cow::Owned)
    } else {
        std::str::from_utf8(inner).ok().map(Cow::Borrowed)
    }
}

/// The first member of what stands behind an object's brace: its name, its value, and what stands behind that.
fn first(members: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let text = members.strip_prefix(b"\"")?;
    let (name, behind) = text.split_at_checked(quote(text)?)?;
    let behind = behind.strip_prefix(b"\":")?;
    let (value, behind) = behind.split_at_checked(value_end(behind)?)?;
    Some((name, value, behind))
}

/// Where a string ends.
fn quote(text: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let place = from + memchr2(b'"', b'\\', text.get(from..)?)?;
        if text.get(place) == Some(&b'"') {
            return Some(place);
        }
        from = place + 2;
    }
}

/// Where a value ends that stands in an object or an array.
fn value_end(bytes: &[u8]) -> Option<usize> {
    let (mut depth, mut place) = (0_usize, 0);
    loop {
        match bytes.get(place)? {
            b'"' => place += 1 + quote(bytes.get(place + 1..)?)?,
            b'{' | b'[' => depth += 1,
            b',' | b'}' | b']' if depth == 0 => return (place > 0).then_some(place),
            b'}' | b']' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        place += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_with_its_escapes() {
        assert_eq!(text(r#""ü""#.as_bytes()).as_deref(), Some("ü"));
        assert_eq!(text(br#""a\"\n\u001f""#).as_deref(), Some("a\"\n\u{1f}"));
        assert_eq!((text(b"1"), text(b"\""), text(b"null")), (None, None, None));
    }
}
