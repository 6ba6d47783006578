//! Percent-decoding (RFC 3986 section 2.1), per segment.

use std::borrow::Cow;

/// A raw path, split at its slashes and then decoded: in this order, or a `%2F` would become a separator.
#[derive(Debug)]
pub(in crate::capture) struct DecodedPath<'a> {
    pub(super) segments: Vec<Cow<'a, str>>,
}

impl<'a> DecodedPath<'a> {
    /// None when it isn't a path: `*`, or an authority.
    pub(in crate::capture) fn parse(raw: &'a str) -> Option<Self> {
        let segments = raw.strip_prefix('/')?.split('/').map(decoded).collect();
        Some(Self { segments })
    }
}

/// The text decoded once. A `%` that begins no escape stands for itself, as in both frameworks; what isn't UTF-8 when
/// decoded stays encoded.
pub(super) fn decoded(raw: &str) -> Cow<'_, str> {
    if !raw.contains('%') {
        return Cow::Borrowed(raw);
    }
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = match escape(rest) {
            Some((byte, after)) => {
                bytes.push(byte);
                after
            }
            None => {
                bytes.push(*first);
                tail
            }
        };
    }
    String::from_utf8(bytes).map_or(Cow::Borrowed(raw), Cow::Owned)
}

/// The byte that an escape at the very start stands for, and what follows it.
fn escape(text: &[u8]) -> Option<(u8, &[u8])> {
    let [b'%', high, low, after @ ..] = text else { return None };
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let byte = u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()?;
    Some((byte, after))
}
