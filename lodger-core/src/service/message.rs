//! One HTTP request and its answer, as the clients see them.

use std::fmt;
use std::time::Duration;

use secrecy::SecretString;

/// A request before it meets a socket.
pub(crate) struct Request {
    pub(crate) method: &'static str,
    /// Below the base address, percent-encoded, with a leading slash.
    pub(crate) path: String,
    /// Lower-case names. Values were checked with [`is_header_value`].
    pub(crate) headers: Vec<(&'static str, String)>,
    /// Sent as `Authorization: Bearer …`, marked sensitive.
    pub(crate) bearer: Option<SecretString>,
    /// JSON. `Content-Type` is sent only with a body.
    pub(crate) body: Option<Vec<u8>>,
}

// Neither header values nor the body: they carry what people did.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// What came back.
pub(crate) struct Response {
    pub(crate) status: u16,
    /// `Retry-After`, where there was a readable one.
    pub(crate) retry_after: Option<Duration>,
    /// What could be read of it, at most [`MAX_BODY`](super::http::MAX_BODY) bytes. The credential of the request
    /// does not occur in it.
    pub(crate) body: Vec<u8>,
}

impl Response {
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_values_are_visible_ascii_without_outer_spaces() {
        assert!(is_header_value("web 3"));
        assert!(is_header_value(""));
        for bad in ["a\r\nx: y", "ü", " a", "a ", "a\u{7f}", "a\tb", "\u{202e}"] {
            assert!(!is_header_value(bad), "{bad:?}");
        }
    }
}
