//! What a direct call can fail with.

use std::fmt;
use std::time::Duration;

use serde_json::Value;

use crate::service::{MAX_BODY, Response, TransportError, json};

/// A call to the Auditledge API did not give what it should.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuditledgeError {
    /// The call can't be sent as it is; the text says why. Nothing was sent.
    #[error("{0}")]
    Invalid(String),
    /// No answer came, or it broke off.
    #[error("no answer from the Auditledge API")]
    Transport(#[source] TransportError),
    /// The API key is missing, unknown or revoked (401).
    #[error(transparent)]
    Unauthorized(ApiError),
    /// There is no such event, or it is of another organization (404).
    #[error(transparent)]
    NotFound(ApiError),
    /// The plan's events of this month are used up (429). That is no matter of seconds:
    /// [`usage`](super::AuditledgeApi::usage) says how many there are. Nothing was recorded.
    #[error(transparent)]
    QuotaReached(ApiError),
    /// The service answered with another error.
    #[error(transparent)]
    Api(ApiError),
    /// The event is recorded (201), but the answer can't be read. The same call once more would record it twice.
    #[error("the event is recorded, but the answer can't be read")]
    RecordedUnreadable(ApiError),
    /// The service answered with success, and with something that can't be read; the text says what is wrong.
    #[error("Auditledge answered {} with something else than it should: {reason}", .answer.status)]
    Unreadable {
        /// What is wrong with it.
        reason: String,
        /// The answer, as far as it was kept.
        answer: ApiError,
    },
    /// The pages of a list contradict each other: what stands on them may be all there is, or not. The text says how.
    #[error("the pages of the list contradict each other: {0}")]
    Paging(String),
}

impl AuditledgeError {
    /// The HTTP status, where there was an answer.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.answer().map(|answer| answer.status)
    }

    /// The service's explanation, else `HTTP` and the status; `None` where there was no answer.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.answer().map(|answer| answer.message.as_str())
    }

    /// The answer's body: JSON where it is JSON, else a text, else null; `None` where there was no answer.
    #[must_use]
    pub fn body(&self) -> Option<&Value> {
        self.answer().map(|answer| &answer.body)
    }

    /// The earliest time for another try, where the service named one. None is documented.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.answer().and_then(|answer| answer.retry_after)
    }

    /// Whether the same call may succeed soon. After a [`log`](super::AuditledgeApi::log) that means: it may, and the event
    /// may then be there twice, unless [`may_be_recorded`](Self::may_be_recorded) says that it can't.
    ///
    /// A used-up quota is retryable only where the service names a time, which is not documented.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Transport(error) => !error.can_not_be_sent(),
            Self::Unreadable { .. } => true,
            Self::QuotaReached(answer) => answer.retry_after.is_some(),
            Self::Api(answer) => matches!(answer.status, 408 | 425 | 500 | 502..=504),
            _ => false,
        }
    }

    /// Whether an event may be recorded although [`log`](super::AuditledgeApi::log) failed with this.
    #[must_use]
    pub fn may_be_recorded(&self) -> bool {
        match self {
            Self::Transport(error) => error.may_have_been_sent(),
            Self::RecordedUnreadable(_) | Self::Unreadable { .. } => true,
            Self::Api(answer) => !(300..500).contains(&answer.status) || answer.status == 408,
            _ => false,
        }
    }

    /// The answer that this is the error of.
    pub(super) fn read(response: &Response) -> Self {
        let answer = ApiError::read(response);
        match answer.status {
            401 => Self::Unauthorized(answer),
            404 => Self::NotFound(answer),
            429 => Self::QuotaReached(answer),
            _ => Self::Api(answer),
        }
    }

    pub(super) fn unreadable(response: &Response, reason: impl Into<String>) -> Self {
        Self::Unreadable { reason: reason.into(), answer: ApiError::read(response) }
    }

    fn answer(&self) -> Option<&ApiError> {
        match self {
            Self::Unauthorized(answer)
            | Self::NotFound(answer)
            | Self::QuotaReached(answer)
            | Self::Api(answer)
            | Self::RecordedUnreadable(answer)
            | Self::Unreadable { answer, .. } => Some(answer),
            Self::Invalid(_) | Self::Transport(_) | Self::Paging(_) => None,
        }
    }
}

/// The service's own words. The body appears neither in `Display` nor in `Debug`.
#[derive(Clone, PartialEq)]
pub struct ApiError {
    status: u16,
    message: String,
    body: Value,
    retry_after: Option<Duration>,
}

impl ApiError {
    /// Reads an answer by the rules of the official client: its `error`, else its `message`, else the status.
    pub(crate) fn read(response: &Response) -> Self {
        let bytes = response.body.get(..MAX_BODY).unwrap_or(&response.body);
        let body = match json::read(bytes) {
            Ok(json) => json,
            Err(_) if bytes.is_empty() => Value::Null,
            Err(_) => Value::String(String::from_utf8_lossy(bytes).into_owned()),
        };
        let member = |name: &str| body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let message = member("error").or_else(|| member("message")).map(str::to_owned);
        Self {
            status: response.status,
            message: message.unwrap_or_else(|| format!("HTTP {}", response.status)),
            retry_after: response.retry_after,
            body,
        }
    }
}

/// How much of the service's words a log line gets, in characters.
const DISPLAYED: usize = 300;

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message: String = self.message.chars().take(DISPLAYED).flat_map(char::escape_debug).collect();
        write!(f, "Auditledge answered {}: {message}", self.status)
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiError").field("status", &self.status).finish_non_exhaustive()
    }
}

impl std::error::Error for ApiError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(status: u16, body: &str) -> Response {
        Response { status, retry_after: None, content_type: None, whole: true, body: body.into() }
    }

    fn read(status: u16, body: &str) -> AuditledgeError {
        AuditledgeError::read(&response(status, body))
    }

    #[test]
    fn the_message_is_the_error_then_the_message_then_the_status() {
        for (body, message) in [
            (r#"{"error":"one","message":"two"}"#, "one"),
            (r#"{"error":"","message":"two"}"#, "two"),
            (r#"{"error":{"code":"x"},"message":"two"}"#, "two"),
            (r#"{"error":7}"#, "HTTP 418"),
            (r#"["error"]"#, "HTTP 418"),
            (r#""error""#, "HTTP 418"),
            ("<html>", "HTTP 418"),
            ("", "HTTP 418"),
        ] {
            assert_eq!(read(418, body).message(), Some(message), "{body}");
        }
        assert_eq!(
            read(400, r#"{"error":{"code":"x"}}"#).body(),
            Some(&serde_json::json!({"error": {"code": "x"}}))
        );
    }

    #[test]
    fn the_text_is_one_bounded_line_and_holds_no_body() {
        let message = format!("a\nb\u{202e}{}", "x".repeat(1000));
        let body = serde_json::json!({"error": message, "x": "canary"}).to_string();
        let error = read(400, &body);
        let text = error.to_string();
        assert!(text.starts_with(r"Auditledge answered 400: a\nb\u{202e}xxx") && text.len() < 400, "{text}");
        assert_eq!(format!("{error:?}"), "Api(ApiError { status: 400, .. })");
        let recorded = AuditledgeError::RecordedUnreadable(ApiError::read(&response(201, &body)));
        assert_eq!(recorded.to_string(), "the event is recorded, but the answer can't be read");
    }

    #[test]
    fn what_may_succeed_soon_is_retryable() {
        let retryable: Vec<u16> = (300..600).filter(|&status| read(status, "").is_retryable()).collect();
        assert_eq!(retryable, [408, 425, 500, 502, 503, 504]);
        let transport = |error| AuditledgeError::Transport(error).is_retryable();
        assert!(transport(TransportError::broken("it broke", "x")));
        assert!(!transport(TransportError::not_sent("the API key can't be sent", "x")));
        let quota = Response { retry_after: Some(Duration::from_secs(5)), ..response(429, "") };
        assert!(AuditledgeError::read(&quota).is_retryable(), "the service names a time");
    }

    #[test]
    fn what_was_refused_is_not_recorded() {
        let recorded: Vec<u16> = (300..600).filter(|&status| read(status, "").may_be_recorded()).collect();
        let expected: Vec<u16> = std::iter::once(408).chain(500..600).collect();
        assert_eq!(recorded, expected);
    }
}
