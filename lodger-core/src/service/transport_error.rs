//! There was no answer, and whether the request may have arrived all the same.

use std::error::Error;
use std::fmt;

/// How far a request came that has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sent {
    /// It can't be sent as it is.
    Never,
    /// It did not leave.
    NotYet,
    /// It left, or may have left.
    Perhaps,
}

/// The service gave no answer.
///
/// The text names the cause, never the address's credentials, the key or what was sent.
#[derive(Debug)]
pub struct TransportError {
    sent: Sent,
    what: &'static str,
    source: Box<dyn Error + Send + Sync>,
}

impl TransportError {
    /// Whether the request may have reached the service. If not, nothing was recorded.
    #[must_use]
    pub fn may_have_been_sent(&self) -> bool {
        self.sent == Sent::Perhaps
    }

    /// Whether the request itself is at fault, such as a header or a key that can't be sent: the same call would never come
    /// to the service. Nothing was sent.
    #[must_use]
    pub fn can_not_be_sent(&self) -> bool {
        self.sent == Sent::Never
    }

    pub(super) fn new(error: reqwest::Error) -> Self {
        // A connection that never came to be, TLS included, carried no byte of the request.
        let (connecting, in_time) = (error.is_connect(), !error.is_timeout());
        let sent = if error.is_builder() {
            Sent::Never
        } else if connecting {
            Sent::NotYet
        } else {
            Sent::Perhaps
        };
        let what = if sent == Sent::Never {
            "the request can't be sent as it is"
        } else if !in_time {
            "the service did not answer in time"
        } else if connecting {
            "the service could not be reached"
        } else {
            "the exchange with the service broke off"
        };
        Self { sent, what, source: Box::new(error.without_url()) }
    }

    /// The answer began and does not go on as it should.
    pub(super) fn broken(what: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { sent: Sent::Perhaps, what, source: source.into() }
    }

    /// The request can't be sent as it is.
    pub(super) fn not_sent(what: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { sent: Sent::Never, what, source: source.into() }
    }

    /// The text with its causes, for a log line or a refusal.
    pub(crate) fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            let next = error.to_string();
            // reqwest and hyper repeat themselves on the way down.
            if !text.contains(&next) {
                text.push_str(": ");
                text.push_str(&next);
            }
            cause = error.source();
        }
        text
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what)
    }
}

impl Error for TransportError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.source.as_ref())
    }
}
