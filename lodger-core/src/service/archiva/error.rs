//! What a direct call can fail with.

use std::fmt;
use std::time::Duration;

use serde_json::Value;

use crate::service::{Response, TransportError};

/// A call to the Archiva API did not give what it should.
///
/// The service's own client has codes for three of these. On which member of an answer they rest is not documented; here
/// the status decides.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArchivaError {
    /// The call can't be sent as it is. Nothing was sent.
    #[error("{field} {problem}")]
    Invalid {
        /// The member or header at fault, as the service names it: `actionKey`, `context`, `Idempotency-Key`.
        field: &'static str,
        /// What is wrong with it. Never its value.
        problem: String,
    },
    /// No answer came. Under an idempotency key the same call may be made again.
    #[error("no answer from the Archiva API")]
    Transport(#[source] TransportError),
    /// 401: the key or the token is not, or no longer, valid.
    #[error(transparent)]
    Unauthorized(ApiError),
    /// 429: too many events under this key.
    #[error("too many events under this key; Archiva wants to be left alone {}", for_how_long(*.retry_after))]
    #[non_exhaustive]
    RateLimited {
        /// For so long, where the service said.
        retry_after: Option<Duration>,
        /// The service's words; `None` where an earlier answer closed the way, and nothing was sent this time.
        answer: Option<ApiError>,
    },
    /// 409: the service has another event under this idempotency key. The same call never succeeds.
    #[error(transparent)]
    IdempotencyConflict(ApiError),
    /// Any other error of the service's.
    #[error(transparent)]
    Api(ApiError),
    /// The service took the call, but what it answered can't be read. Under an idempotency key the same call may be made
    /// again.
    #[error("Archiva answered {} with something that {what}", .answer.status)]
    #[non_exhaustive]
    Unreadable {
        /// What is wrong with it.
        what: &'static str,
        /// The answer.
        answer: ApiError,
    },
    /// The pages of a list lead back to what was on earlier ones. What was on them was handed out.
    #[error("the pages of Archiva's list repeat themselves")]
    Repeating,
}

fn for_how_long(time: Option<Duration>) -> String {
    time.map_or_else(|| "for a while".to_owned(), |time| format!("for {} s", time.as_secs()))
}

impl ArchivaError {
    /// An answer that is no success.
    pub(crate) fn of(response: &Response) -> Self {
        let answer = ApiError::read(response);
        match response.status {
            401 => Self::Unauthorized(answer),
            409 => Self::IdempotencyConflict(answer),
            429 => Self::RateLimited { retry_after: response.retry_after, answer: Some(answer) },
            _ => Self::Api(answer),
        }
    }

    pub(crate) fn unreadable(what: &'static str, response: &Response) -> Self {
        Self::Unreadable { what, answer: ApiError::read(response) }
    }

    pub(crate) fn invalid(field: &'static str, problem: impl Into<String>) -> Self {
        Self::Invalid { field, problem: problem.into() }
    }

    /// The HTTP status, where there was an answer.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.answer().map(|answer| answer.status)
    }

    /// The service's explanation (the member `error`), where it gave one.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.answer().and_then(|answer| answer.message.as_deref())
    }

    /// The answer's body: JSON where it is JSON, else a text, else null; `None` where there was no answer.
    #[must_use]
    pub fn body(&self) -> Option<&Value> {
        self.answer().map(|answer| &answer.body)
    }

    /// The earliest time for another try, where the service named one.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after, .. } => *retry_after,
            _ => self.answer().and_then(|answer| answer.retry_after),
        }
    }

    /// Whether the same call may succeed later; for an event, under the same idempotency key. Documented: no answer, 429,
    /// 500, 502, 503; 504 is inferred.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Transport(_) | Self::RateLimited { .. } | Self::Unreadable { .. } => true,
            Self::Api(answer) => matches!(answer.status, 500 | 502..=504),
            Self::Invalid { .. } | Self::Unauthorized(_) | Self::IdempotencyConflict(_) | Self::Repeating => {
                false
            }
        }
    }

    /// Whether a call without an idempotency key may be made again: the service certainly has nothing of it.
    pub(super) fn left_nothing(&self) -> bool {
        match self {
            Self::Transport(error) => !error.may_have_been_sent(),
            Self::RateLimited { .. } => true,
            _ => false,
        }
    }

    fn answer(&self) -> Option<&ApiError> {
        match self {
            Self::Unauthorized(answer)
            | Self::IdempotencyConflict(answer)
            | Self::Api(answer)
            | Self::Unreadable { answer, .. } => Some(answer),
            Self::RateLimited { answer, .. } => answer.as_ref(),
            Self::Invalid { .. } | Self::Transport(_) | Self::Repeating => None,
        }
    }
}

/// The service's own words. The body appears neither in `Display` nor in `Debug`.
#[derive(Clone, PartialEq)]
pub struct ApiError {
    status: u16,
    message: Option<String>,
    body: Value,
    retry_after: Option<Duration>,
}

impl ApiError {
    /// `{"error": text}` is documented for 429 and inferred for the others.
    pub(crate) fn read(response: &Response) -> Self {
        let body = match serde_json::from_slice(&response.body) {
            Ok(json) => json,
            Err(_) if response.body.is_empty() => Value::Null,
            Err(_) => Value::String(String::from_utf8_lossy(&response.body).into_owned()),
        };
        let message = body.get("error").and_then(Value::as_str).map(str::to_owned);
        Self { status: response.status, message, body, retry_after: response.retry_after }
    }
}

/// How much of the service's words a log line gets, in characters.
const DISPLAYED: usize = 300;

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Archiva answered {}", self.status)?;
        let Some(message) = &self.message else { return Ok(()) };
        f.write_str(": ")?;
        message.chars().take(DISPLAYED).flat_map(char::escape_debug).try_for_each(|c| write!(f, "{c}"))
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

    fn answered(status: u16, body: &str) -> ArchivaError {
        let retry_after = (status == 429).then_some(Duration::from_secs(45));
        ArchivaError::of(&Response {
            status,
            retry_after,
            content_type: None,
            whole: true,
            body: body.into(),
        })
    }

    #[test]
    fn the_status_decides_what_it_is() {
        assert!(matches!(answered(401, ""), ArchivaError::Unauthorized(_)));
        assert!(matches!(answered(409, ""), ArchivaError::IdempotencyConflict(_)));
        assert!(matches!(answered(403, ""), ArchivaError::Api(_)));
        let limited = answered(429, r#"{"error":"Rate limit exceeded"}"#);
        assert!(
            matches!(&limited, ArchivaError::RateLimited { retry_after: Some(time), .. } if time.as_secs() == 45)
        );
        assert_eq!(
            limited.to_string(),
            "too many events under this key; Archiva wants to be left alone for 45 s"
        );
        assert_eq!((limited.status(), limited.message()), (Some(429), Some("Rate limit exceeded")));
    }

    #[test]
    fn what_may_succeed_later_is_retryable() {
        let retryable: Vec<u16> = (300..600).filter(|&status| answered(status, "").is_retryable()).collect();
        assert_eq!(retryable, [429, 500, 502, 503, 504]);
    }

    #[test]
    fn the_text_is_one_bounded_line_and_the_debug_form_holds_no_body() {
        let message = format!("a\nb\u{202e}{}", "x".repeat(1000));
        let error = answered(400, &serde_json::json!({"error": message, "other": "canary"}).to_string());
        let text = error.to_string();
        assert!(text.starts_with(r"Archiva answered 400: a\nb\u{202e}xxx"), "{text}");
        assert!(text.len() < 400, "{}", text.len());
        assert!(!format!("{error:?}").contains("canary"), "{error:?}");
        assert_eq!(answered(500, "oops").to_string(), "Archiva answered 500");
        assert_eq!(answered(500, "oops").body(), Some(&Value::from("oops")));
    }
}
