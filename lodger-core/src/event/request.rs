//! In which request it happened.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// How the client address was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum IpSource {
    /// The address at the other end of the connection.
    Socket,
    /// `Forwarded` (RFC 7239), walked from the right over trusted proxies.
    Forwarded,
    /// `X-Forwarded-For`, walked from the right over trusted proxies.
    XForwardedFor,
}

impl IpSource {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Socket => "socket",
            Self::Forwarded => "forwarded",
            Self::XForwardedFor => "x-forwarded-for",
        }
    }
}

/// What is known of the request. Raw URIs and query strings are never recorded: they carry tokens and personal data.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RequestInfo {
    /// The request id: the inbound `x-request-id` when acceptable, else a UUIDv7. At most 128 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The client's own id, from `x-client-request-id` when acceptable. At most 128 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_request_id: Option<String>,
    /// The session, as a keyed hash: `hmac-sha256:` and 64 hexadecimal digits. Never the session id itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// W3C trace id, 32 lower-case hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// Span id, 16 lower-case hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span_id: Option<String>,
    /// The inbound `traceparent` as it came (W3C Trace Context), when it is valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// The HTTP method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The route template in axum's syntax: `/invoices/{id}`. Where no framework names one, the pattern of the layer's
    /// rule that the event comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
    /// The HTTP status of the response, absent when no response was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The client's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<IpAddr>,
    /// How the address was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip_source: Option<IpSource>,
    /// The `User-Agent` header, at most 512 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// From the layer's entry to the response head (or its loss), in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_micros: Option<u64>,
    /// Members that this version doesn't know. They survive a round trip.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}
