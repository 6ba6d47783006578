//! What a direct call can fail with.

use std::fmt;
use std::time::Duration;

use serde_json::Value;

use crate::service::http::MAX_BODY;
use crate::service::{Response, TransportError, json};

/// What a call is told that needs a key where there is none.
const KEYLESS: &str = "this call needs an API key: set one with `api_key`";

/// A call to the Lodger API did not give what it should.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LodgerError {
    /// The call can't be sent as it is; the text says why. Nothing was sent.
    #[error("{0}")]
    Invalid(String),
    /// No answer came. The same call may be made again under the same idempotency key.
    #[error("no answer from the Lodger API")]
    Transport(#[source] TransportError),
    /// The service answered with an error.
    #[error(transparent)]
    Api(ApiError),
    /// The service accepted the call, but its answer can't be read. The same call may be made again under the same
    /// idempotency key.
    #[error(transparent)]
    Unreadable(UnreadableAnswer),
    /// The pages of an answer lead round in a circle, or nowhere; the text says how.
    #[error("the pages that Lodger answers make no whole: {0}")]
    Paging(String),
}

impl LodgerError {
    /// The HTTP status, where there was an answer.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.answer().map(|answer| answer.status)
    }

    /// The service's error code, else `api_error`; `None` where there was no answer.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.answer().map(|answer| answer.code.as_str())
    }

    /// The service's explanation, else a sentence with the status; `None` where there was no answer.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        self.answer().map(|answer| answer.detail.as_str())
    }

    /// The answer's body: JSON where it is JSON, else a text, else null; `None` where there was no answer. Of one that is longer
    /// than 64 KiB, its beginning as a text.
    #[must_use]
    pub fn body(&self) -> Option<&Value> {
        self.answer().map(|answer| &answer.body)
    }

    /// The earliest time for another try, where the service named one.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.answer().and_then(|answer| answer.retry_after)
    }

    /// Whether the same call under the same idempotency key may succeed later. No list of the service's own exists;
    /// these are the usual ones.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Invalid(_) | Self::Paging(_) => false,
            Self::Transport(error) => !error.can_not_be_sent(),
            Self::Unreadable(answer) => answer.cut_at.is_none(),
            Self::Api(answer) => matches!(answer.status, 408 | 425 | 429 | 500 | 502..=504),
        }
    }

    /// There is no API key.
    pub(super) fn keyless() -> Self {
        Self::Invalid(KEYLESS.to_owned())
    }

    /// Whether there was no API key.
    pub(super) fn is_keyless(&self) -> bool {
        matches!(self, Self::Invalid(text) if text == KEYLESS)
    }

    fn answer(&self) -> Option<&ApiError> {
        match self {
            Self::Api(answer) => Some(answer),
            Self::Unreadable(unreadable) => Some(&unreadable.answer),
            Self::Invalid(_) | Self::Transport(_) | Self::Paging(_) => None,
        }
    }
}

/// An answer that is not what was asked for: other JSON, no JSON, a part of it, or too much.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{}", self.text())]
pub struct UnreadableAnswer {
    answer: Box<ApiError>,
    expected: &'static str,
    cut_at: Option<usize>,
}

impl UnreadableAnswer {
    /// `expected` names what was asked for; `cut_at` is the limit in bytes that the answer was longer than.
    pub(super) fn new(answer: ApiError, expected: &'static str, cut_at: Option<usize>) -> Self {
        Self { answer: Box::new(answer), expected, cut_at }
    }

    fn text(&self) -> String {
        let (status, expected) = (self.answer.status, self.expected);
        match self.cut_at {
            None => format!("Lodger answered {status} with something that is no {expected}"),
            Some(limit) => format!(
                "Lodger answered {status} with more than the {limit} bytes that are read of a {expected}; ask for less at \
                 a time"
            ),
        }
    }
}

/// The service's own words. The body appears neither in `Display` nor in `Debug`.
#[derive(Clone, PartialEq)]
pub struct ApiError {
    status: u16,
    code: String,
    detail: String,
    body: Value,
    retry_after: Option<Duration>,
}

impl ApiError {
    /// Reads an answer by the rules of the official client, the first 64 KiB of it: JSON in memory may be twenty times as
    /// large as its text.
    pub(crate) fn read(response: &Response) -> Self {
        let body = match response.body.split_at_checked(MAX_BODY) {
            Some((beginning, rest)) if !rest.is_empty() => text(beginning),
            _ => read_any(&response.body),
        };
        let member = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        Self {
            status: response.status,
            code: member("error").unwrap_or_else(|| "api_error".to_owned()),
            detail: member("detail")
                .unwrap_or_else(|| format!("Lodger request failed with status {}.", response.status)),
            retry_after: response.retry_after,
            body,
        }
    }
}

/// JSON where it is JSON, else a text, else null.
pub(super) fn read_any(body: &[u8]) -> Value {
    match json::read(body) {
        Ok(json) => json,
        Err(_) if body.is_empty() => Value::Null,
        Err(_) => text(body),
    }
}

fn text(body: &[u8]) -> Value {
    Value::String(String::from_utf8_lossy(body).into_owned())
}

/// How much of the service's words a log line gets, in characters.
const DISPLAYED: usize = 300;

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = |text: &str| text.chars().take(DISPLAYED).flat_map(char::escape_debug).collect::<String>();
        write!(f, "Lodger answered {} {}: {}", self.status, line(&self.code), line(&self.detail))
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiError")
            .field("status", &self.status)
            .field("code", &self.code)
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
    fn the_text_is_one_bounded_line() {
        let detail = format!("a\nb\u{202e}{}", "x".repeat(1000));
        let error = read(400, &serde_json::json!({"error": "bad", "detail": detail}).to_string());
        let text = error.to_string();
        assert!(text.starts_with(r"Lodger answered 400 bad: a\nb\u{202e}xxx"), "{text}");
        assert!(text.len() < 400, "{}", text.len());
    }

    #[test]
    fn the_debug_form_holds_no_body() {
        let text = format!("{:?}", LodgerError::Api(read(400, r#"{"error":"bad","canary":1}"#)));
        assert!(text.contains("bad") && !text.contains("canary"), "{text}");
    }

    #[test]
    fn an_unreadable_answer_says_what_was_asked_for_and_whether_it_was_too_long() {
        let unreadable = |cut_at| {
            LodgerError::Unreadable(UnreadableAnswer::new(
                read(200, r#"["canary"]"#),
                "page of events",
                cut_at,
            ))
        };
        let (odd, cut) = (unreadable(None), unreadable(Some(1024)));
        assert_eq!(odd.to_string(), "Lodger answered 200 with something that is no page of events");
        assert!(odd.is_retryable());
        assert_eq!(
            cut.to_string(),
            "Lodger answered 200 with more than the 1024 bytes that are read of a page of events; ask for less at a time"
        );
        assert!(!cut.is_retryable(), "it would be as long again");
        assert_eq!((cut.status(), cut.body()), (Some(200), Some(&serde_json::json!(["canary"]))));
        assert!(!format!("{odd:?}").contains("canary"), "{odd:?}");
    }

    #[test]
    fn what_may_succeed_later_is_retryable() {
        let retryable: Vec<u16> =
            (300..600).filter(|&status| LodgerError::Api(read(status, "")).is_retryable()).collect();
        assert_eq!(retryable, [408, 425, 429, 500, 502, 503, 504]);
    }
}
