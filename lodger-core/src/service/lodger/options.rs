//! What a single call may set beside its content.

use secrecy::SecretString;

use super::LodgerError;
use crate::service::is_latin1_header_value;

/// Settings of one call. Everything left out comes from the client.
///
/// Texts are trimmed; blank ones count as left out, as in the official client. All but the API key travel in headers, and may
/// hold visible characters of Latin-1 (to U+00FF) and inner spaces.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct CallOptions {
    pub(super) idempotency_key: Option<String>,
    api_key: Option<SecretString>,
    environment: Option<String>,
    server: Option<String>,
    request: RequestContext,
}

/// In which request of the application's own the call is made. Travels in headers only.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct RequestContext {
    /// `X-Request-Id`.
    pub request_id: Option<String>,
    /// `X-Session-Id`.
    pub session_id: Option<String>,
    /// `X-Trace-Id`.
    pub trace_id: Option<String>,
    /// `traceparent` (W3C Trace Context).
    pub traceparent: Option<String>,
}

impl CallOptions {
    /// Nothing set.
    pub fn new() -> Self {
        Self::default()
    }

    /// The key under which the service recognises a repeat of this call. The documentation asks for at least 12
    /// characters. Default for events: `event_` and a UUID; a blank key never suppresses it.
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.idempotency_key = Some(key.into());
        self
    }

    /// Another API key than the client's.
    pub fn api_key(mut self, key: impl Into<SecretString>) -> Self {
        self.api_key = Some(key.into());
        self
    }

    /// `X-Lodger-Environment`: `production`, `staging`.
    pub fn environment(mut self, environment: impl Into<String>) -> Self {
        self.environment = Some(environment.into());
        self
    }

    /// `X-Lodger-Server`: the host that makes the call.
    pub fn server(mut self, server: impl Into<String>) -> Self {
        self.server = Some(server.into());
        self
    }

    /// The request it is made in.
    pub fn request(mut self, request: RequestContext) -> Self {
        self.request = request;
        self
    }

    /// These, and what they leave out of those.
    pub(super) fn or(self, those: Self) -> Self {
        let request = RequestContext {
            request_id: self.request.request_id.or(those.request.request_id),
            session_id: self.request.session_id.or(those.request.session_id),
            trace_id: self.request.trace_id.or(those.request.trace_id),
            traceparent: self.request.traceparent.or(those.request.traceparent),
        };
        Self {
            idempotency_key: self.idempotency_key.or(those.idempotency_key),
            api_key: self.api_key.or(those.api_key),
            environment: self.environment.or(those.environment),
            server: self.server.or(those.server),
            request,
        }
    }

    pub(super) fn key(&self) -> Option<&SecretString> {
        self.api_key.as_ref()
    }

    /// For tests: the headers as they leave when the client adds nothing.
    #[cfg(test)]
    pub(crate) fn sent_headers(&self) -> Vec<(&'static str, String)> {
        self.headers(&ClientContext::default(), None).unwrap()
    }

    /// The context headers. `defaults` are the client's environment and server; `minted` makes the idempotency key
    /// of a call that must have one.
    pub(super) fn headers(
        &self,
        defaults: &ClientContext,
        minted: Option<fn() -> String>,
    ) -> Result<Vec<(&'static str, String)>, LodgerError> {
        let key =
            given(self.idempotency_key.as_deref()).map(str::to_owned).or_else(|| minted.map(|mint| mint()));
        // A blank value of the call is not "left out" in favour of the client's: the official client sends neither.
        let environment = self.environment.as_deref().or(defaults.environment.as_deref());
        let server = self.server.as_deref().or(defaults.server.as_deref());
        let request = &self.request;
        [
            ("idempotency-key", key.as_deref()),
            ("x-lodger-environment", environment),
            ("x-lodger-server", server),
            ("x-request-id", request.request_id.as_deref()),
            ("x-session-id", request.session_id.as_deref()),
            ("x-trace-id", request.trace_id.as_deref()),
            ("traceparent", request.traceparent.as_deref()),
        ]
        .into_iter()
        .filter_map(|(name, value)| given(value).map(|value| (name, value)))
        .map(|(name, value)| {
            if is_latin1_header_value(value) {
                Ok((name, value.to_owned()))
            } else {
                Err(LodgerError::Invalid(format!("{name} may hold visible Latin-1 and spaces only")))
            }
        })
        .collect()
    }
}

/// What the client adds to every call.
#[derive(Debug, Clone, Default)]
pub(super) struct ClientContext {
    pub(super) environment: Option<String>,
    pub(super) server: Option<String>,
}

/// Trimmed as JavaScript's `String.prototype.trim` does it (ECMA-262 section 22.1.3.32), which is not quite Rust's notion of
/// white space; `None` when nothing is left.
pub(super) fn given(value: Option<&str>) -> Option<&str> {
    let space = |c: char| c == '\u{feff}' || (c.is_whitespace() && c != '\u{85}');
    value.map(|value| value.trim_matches(space)).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_would_split_the_header_is_refused_by_name() {
        let options = CallOptions::new().idempotency_key("event_1\r\nx-evil: 1");
        let error = options.headers(&ClientContext::default(), None).unwrap_err();
        assert_eq!(error.to_string(), "idempotency-key may hold visible Latin-1 and spaces only");
    }

    #[test]
    fn latin_1_is_a_header_and_what_is_more_is_none() {
        let headers =
            |server: &str| CallOptions::new().server(server).headers(&ClientContext::default(), None);
        assert_eq!(headers(" Zürich\u{a0}").unwrap(), [("x-lodger-server", "Zürich".to_owned())]);
        for server in ["Łódź", "a\tb", "a\u{7f}"] {
            assert!(matches!(headers(server), Err(LodgerError::Invalid(_))), "{server}");
        }
    }

    #[test]
    fn a_blank_idempotency_key_does_not_suppress_the_generated_one() {
        let headers = CallOptions::new()
            .idempotency_key("  ")
            .headers(&ClientContext::default(), Some(|| "event_generated".to_owned()));
        assert_eq!(headers.unwrap(), [("idempotency-key", "event_generated".to_owned())]);
    }

    #[test]
    fn blank_is_what_the_official_client_takes_for_blank() {
        assert_eq!(given(Some("\u{feff} \t\u{a0}\u{3000}\u{2028} a b\r\n")), Some("a b"));
        assert_eq!(given(Some(" \u{feff} ")), None);
        assert_eq!(given(Some("\u{85}")), Some("\u{85}"), "is none to JavaScript");
    }

    #[test]
    fn the_debug_form_holds_no_key() {
        let text = format!("{:?}", CallOptions::new().api_key("canary"));
        assert!(!text.contains("canary"), "{text}");
    }
}
