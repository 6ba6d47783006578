//! What an event says about its request. Parsed only once an event is certain, and not on the request's own thread.

use std::sync::Arc;

use super::kept::KeptHead;
use super::policy::Reading;
use super::route_pattern::{can_be_route_of, canonical_template};
use super::trace::Trace;
use super::{Head, client_ip, request_id, session, trace};
use crate::event::RequestInfo;

/// The longest `User-Agent` that is kept, in characters (as [`RequestInfo::user_agent`] says).
const USER_AGENT_CHARS: usize = 512;

/// What is seen of a request, and how it is to be read.
pub(super) struct Seen {
    pub(super) head: KeptHead,
    pub(super) reading: Arc<Reading>,
    /// The request's id, where it came without one.
    pub(super) id: Option<String>,
    /// The session, already hashed, where somebody has said it.
    pub(super) session: Option<String>,
    /// The route template and the path, as far as they are only known after the call.
    pub(super) route: Option<String>,
    pub(super) path: Option<String>,
}

impl Seen {
    /// The path that was routed, still percent-encoded: what the framework said after the call, else what came in.
    pub(super) fn path(&self) -> &str {
        self.path.as_deref().unwrap_or_else(|| self.head.path())
    }

    /// The tenant that the layer was told.
    pub(super) fn tenant(&self) -> Option<&str> {
        self.reading.tenant.as_deref()
    }

    /// The bytes of memory that it takes besides its own.
    pub(super) fn weight(&self) -> usize {
        let texts = [&self.id, &self.session, &self.route, &self.path];
        self.head.weight() + texts.into_iter().flatten().map(String::len).sum::<usize>()
    }

    /// What is known of the request, but for how it ended.
    pub(super) fn info(&self) -> RequestInfo {
        let (head, reading) = (&self.head, &*self.reading);
        let address = client_ip::client_ip(head, &reading.proxies);
        let trace = trace::from_traceparent(head).or_else(|| trace::from_older_headers(head));
        let in_cookie = || {
            let value = session::cookie(head, reading.session_cookie.as_deref()?)?;
            Some(reading.hash_key.hash("session", &value))
        };
        let (ip, ip_source) = address.unzip();
        let (trace_id, span_id, traceparent) = match trace {
            Some(Trace { trace_id, span_id, traceparent }) => (Some(trace_id), span_id, traceparent),
            None => (None, None, None),
        };
        let user_agent = Head::header(head, "user-agent")
            .map(|value| String::from_utf8_lossy(value).chars().take(USER_AGENT_CHARS).collect());
        RequestInfo {
            id: self.id.clone().or_else(|| request_id::inbound(head).map(str::to_owned)),
            client_request_id: request_id::inbound_client(head).map(str::to_owned),
            session: self.session.clone().or_else(in_cookie),
            method: Some(head.method().to_owned()),
            route: self
                .route
                .as_deref()
                .or_else(|| head.route())
                .and_then(|said| route_of(said, self.path())),
            ip,
            ip_source,
            trace_id,
            span_id,
            traceparent,
            user_agent,
            ..RequestInfo::default()
        }
    }
}

/// The route template in its canonical form. None where that can't be the route of this path.
pub(super) fn route_of(said: &str, path: &str) -> Option<String> {
    can_be_route_of(said, path).then(|| canonical_template(said))
}
