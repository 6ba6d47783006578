//! What a direct call can fail with.

use std::fmt;
use std::time::Duration;

use serde_json::Value;

use crate::service::{MAX_BODY, Response, TransportError};

/// A call to the LogHub API did not give what it should.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogHubError {
    /// The call can't be sent as it is; the text says why. Nothing was sent.
    #[error("{0}")]
    Invalid(String),
    /// No answer came. An event may have been recorded all the same, and the service doesn't recognise a repeat:
    /// [`TransportError::may_have_been_sent`] tells whether it can have been.
    #[error("no answer from the LogHub API")]
    Transport(#[source] TransportError),
    /// The service says that it did not do it: by the HTTP status, or by that in the envelope.
    #[error(transparent)]
    Api(ApiError),
    /// The service answered 2xx with something else than was asked for. An event has been recorded, as far as anybody can
    /// tell: sending it again would most likely record it twice.
    #[error("LogHub answered {} with something that can't be read", .0.status)]
    Unreadable(ApiError),
}

impl LogHubError {
    /// The HTTP status, where there was an answer. It may be a 2xx: the envelope's own status decides.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.answer().map(|answer| answer.status)
    }

    /// The code in the envelope, such as `CREATE_EVENT_OK`, where there is one. The codes of failures are not documented.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.answer().and_then(|answer| answer.code.as_deref())
    }

    /// The answer's body as it came, at most 64 KiB of it; `None` where there was no answer. How errors are written is not
    /// documented.
    #[must_use]
    pub fn raw_body(&self) -> Option<&str> {
        self.answer().map(|answer| answer.body.as_str())
    }

    /// The earliest time for another try, where the service named one.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.answer().and_then(|answer| answer.retry_after)
    }

    /// Whether the same call may succeed later. No list of the service's own exists; this is inferred. It doesn't say that a
    /// repeat does no harm: an event that is created again may be there twice.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Transport(_) => true,
            Self::Api(answer) => matches!(answer.status, 429 | 500 | 502..=504),
            Self::Invalid(_) | Self::Unreadable(_) => false,
        }
    }

    fn answer(&self) -> Option<&ApiError> {
        match self {
            Self::Api(answer) | Self::Unreadable(answer) => Some(answer),
            Self::Invalid(_) | Self::Transport(_) => None,
        }
    }
}

/// The service's own words. The body appears neither in `Display` nor in `Debug`.
#[derive(Clone, PartialEq)]
pub struct ApiError {
    status: u16,
    code: Option<String>,
    body: String,
    retry_after: Option<Duration>,
}

impl ApiError {
    pub(crate) fn read(response: &Response) -> Self {
        let json: Option<Value> = serde_json::from_slice(&response.body).ok();
        let code = json.as_ref().and_then(|json| json.get("code")).and_then(Value::as_str);
        let body = response.body.get(..MAX_BODY).unwrap_or(&response.body);
        Self {
            status: response.status,
            code: code.map(str::to_owned),
            body: String::from_utf8_lossy(body).into_owned(),
            retry_after: response.retry_after,
        }
    }

    /// The text with some of the service's words, for whoever has to find out what it wants.
    pub(crate) fn quoting(&self) -> String {
        let words = line(self.body.trim());
        if words.is_empty() { self.to_string() } else { format!("{self}: {words}") }
    }
}

/// How much of the service's words a log line gets, in characters.
const DISPLAYED: usize = 200;

fn line(text: &str) -> String {
    text.chars().take(DISPLAYED).flat_map(char::escape_debug).collect()
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogHub answered {}", self.status)?;
        self.code.as_deref().map_or(Ok(()), |code| write!(f, " {}", line(code)))
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiError")
            .field("status", &self.status)
            .field("code", &self.code.as_deref().map(line))
            .finish_non_exhaustive()
    }
}

impl std::error::Error for ApiError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, body: &str) -> ApiError {
        ApiError::read(&Response {
            status,
            retry_after: None,
            content_type: None,
            whole: true,
            body: body.into(),
        })
    }

    #[test]
    fn the_text_is_one_bounded_line_without_the_body() {
        let code = format!("a\nb\u{202e}{}", "x".repeat(1000));
        let error = read(400, &serde_json::json!({"code": code, "canary": 1}).to_string());
        let text = error.to_string();
        assert!(text.starts_with(r"LogHub answered 400 a\nb\u{202e}xxx"), "{text}");
        assert!(text.len() < 300, "{}", text.len());
        assert!(!format!("{text}{error:?}").contains("canary"), "{error:?}");
    }

    #[test]
    fn a_refusal_quotes_some_of_the_body() {
        assert_eq!(read(401, " go\naway ").quoting(), r"LogHub answered 401: go\naway");
        assert_eq!(read(502, "").quoting(), "LogHub answered 502");
        assert!(read(500, &"x".repeat(9000)).quoting().len() < 300);
    }

    #[test]
    fn the_raw_text_is_kept_and_bounded() {
        let error = |body: &str| LogHubError::Api(read(400, body));
        assert_eq!(error("error").raw_body(), Some("error"));
        assert_eq!(error(&"x".repeat(100_000)).raw_body().map(str::len), Some(65_536));
        let failed = error(r#"{"code":"CREATE_EVENT_ERROR","status":"error"}"#);
        assert_eq!((failed.code(), failed.status()), (Some("CREATE_EVENT_ERROR"), Some(400)));
        assert_eq!(error(r#"{"code":7}"#).code(), None);
    }

    #[test]
    fn what_may_succeed_later_is_retryable() {
        let retryable: Vec<u16> =
            (200..600).filter(|&status| LogHubError::Api(read(status, "")).is_retryable()).collect();
        assert_eq!(retryable, [429, 500, 502, 503, 504]);
        assert!(!LogHubError::Unreadable(read(200, "")).is_retryable());
    }
}
