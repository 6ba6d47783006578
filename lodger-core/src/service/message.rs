//! One HTTP request and its answer, as the clients see them.

use std::fmt;
use std::time::Duration;

use reqwest::Method;
use reqwest::header::HeaderValue;
use serde::de::DeserializeOwned;

use super::http::Address;
use super::{Credential, json};

/// A request before it meets a socket.
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) address: Address,
    /// Lower-case names. Values were checked with [`is_header_value`] or [`is_latin1_header_value`].
    pub(crate) headers: Vec<(&'static str, String)>,
    /// Sent in a header that is marked sensitive.
    pub(crate) credential: Option<Credential>,
    pub(crate) body: Option<Body>,
    /// The most that is read of the answer, in bytes.
    pub(crate) answer_limit: usize,
}

// Neither header values nor the body: they carry what people did.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

/// What a request carries.
pub(crate) struct Body {
    pub(crate) bytes: Vec<u8>,
    pub(crate) content_type: &'static str,
    /// `Content-Encoding`, where the bytes are compressed.
    pub(crate) encoding: Option<&'static str>,
}

impl Body {
    pub(crate) fn json(bytes: Vec<u8>) -> Self {
        Self { bytes, content_type: "application/json", encoding: None }
    }
}

/// What came back.
pub(crate) struct Response {
    pub(crate) status: u16,
    /// `Retry-After`, where there was a readable one.
    pub(crate) retry_after: Option<Duration>,
    /// `Content-Type`, as it was sent.
    pub(crate) content_type: Option<String>,
    /// Whether `body` is all of it: neither did it break off, nor was it longer than the request's `answer_limit`.
    pub(crate) whole: bool,
    /// What could be read of it, at most the request's `answer_limit` in bytes; exactly as many where it was longer. The
    /// credential of the request does not occur in it, nor in the JSON that it may be.
    pub(crate) body: Vec<u8>,
}

impl Response {
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body as JSON, as the official clients [read](json::read) it.
    ///
    /// # Errors
    ///
    /// Those of serde_json. Their texts may quote what stands there.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        json::read(&self.body)
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response").field("status", &self.status).finish_non_exhaustive()
    }
}

/// Whether the text can be sent as a header value and be read back by anybody: visible ASCII and inner spaces
/// (RFC 9110 section 5.5, without the obsolete upper half).
pub(crate) fn is_header_value(text: &str) -> bool {
    text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) && text.trim() == text
}

/// Whether the text can be sent as a header value by the official clients: as [`is_header_value`], and with the upper half of
/// Latin-1, U+00A0 to U+00FF.
pub(crate) fn is_latin1_header_value(text: &str) -> bool {
    let fits = |character| matches!(character, ' '..='~' | '\u{a0}'..='\u{ff}');
    text.chars().all(fits) && text.trim_matches(' ') == text
}

/// The text as a header value, a byte each character, as `fetch` sends it (Fetch Standard, "ByteString"). `None` for what has
/// other characters than Latin-1, or a line break or another control character in it.
pub(crate) fn header_value(text: &str) -> Option<HeaderValue> {
    let bytes: Option<Vec<u8>> = text.chars().map(|character| u8::try_from(character).ok()).collect();
    HeaderValue::from_bytes(&bytes?).ok()
}

/// The id as one segment of a path: everything is percent-encoded that JavaScript's `encodeURIComponent` encodes
/// (ECMA-262 section 19.2.6.4), as the official clients do it.
///
/// `None` for what would be another path: blank ids, and the dot segments, which no encoding protects (WHATWG URL,
/// "double-dot URL path segment").
pub(crate) fn path_segment(id: &str) -> Option<String> {
    use std::fmt::Write as _;

    if id.trim().is_empty() || matches!(id, "." | "..") {
        return None;
    }
    let mut segment = String::with_capacity(id.len());
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte) {
            segment.push(char::from(byte));
        } else {
            write!(segment, "%{byte:02X}").ok()?;
        }
    }
    Some(segment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_segments_are_encoded_as_by_the_official_clients() {
        assert_eq!(path_segment("rcpt_093a-~.!*'()").as_deref(), Some("rcpt_093a-~.!*'()"));
        assert_eq!(path_segment("a b/c?d#e%f+g&h").as_deref(), Some("a%20b%2Fc%3Fd%23e%25f%2Bg%26h"));
        assert_eq!(path_segment("ü\r\n").as_deref(), Some("%C3%BC%0D%0A"));
        // Already encoded or not: an id is opaque.
        assert_eq!(path_segment("%2e%2e").as_deref(), Some("%252e%252e"));
        for other_path in ["", "  ", ".", ".."] {
            assert_eq!(path_segment(other_path), None, "{other_path:?}");
        }
    }

    #[test]
    fn header_values_are_visible_ascii_without_outer_spaces() {
        assert!(is_header_value("web 3"));
        assert!(is_header_value(""));
        for bad in ["a\r\nx: y", "ü", " a", "a ", "a\u{7f}", "a\tb", "\u{202e}"] {
            assert!(!is_header_value(bad), "{bad:?}");
        }
    }

    #[test]
    fn latin_1_is_sent_a_byte_each_character() {
        for (text, sent) in [("web 3", &b"web 3"[..]), ("", b""), ("Zürich ÿ\u{a0}", b"Z\xfcrich \xff\xa0")]
        {
            assert!(is_latin1_header_value(text), "{text}");
            assert_eq!(header_value(text).unwrap().as_bytes(), sent, "{text}");
        }
        for bad in ["a\r\nx: y", "\u{100}", "😀", "a\u{7f}", "\u{202e}"] {
            assert!(!is_latin1_header_value(bad) && header_value(bad).is_none(), "{bad:?}");
        }
        for bad in [" ü", "ü ", "a\tb", "a\u{85}"] {
            assert!(!is_latin1_header_value(bad), "{bad:?}");
        }
    }
}
