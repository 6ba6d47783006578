//! What an event says about its request. Parsed only once an event is certain.

use super::scope::Scope;
use super::{client_ip, request_id, session, trace};
use crate::event::RequestInfo;

/// The longest `User-Agent` that is kept, in characters (as [`RequestInfo::user_agent`] says).
const USER_AGENT_CHARS: usize = 512;

impl Scope {
    /// What is known of the request, but for how it ended. `None` for a job without one.
    pub(super) fn request_info(&self) -> Option<RequestInfo> {
        let (Some(head), Some(policy)) = (self.head(), self.policy()) else {
            return self.request_before().cloned();
        };
        let address = client_ip::client_ip(head, policy.proxies());
        let trace = trace::from_traceparent(head).or_else(|| trace::from_older_headers(head));
        let in_cookie = || {
            let value = session::cookie(head, policy.session_cookie()?)?;
            Some(self.sink().hash_key().hash("session", &value))
        };
        let mut info = RequestInfo::default();
        info.id = self.request_id();
        info.client_request_id = request_id::inbound_client(head).map(str::to_owned);
        info.session = self.state().session.clone();
        info.session = info.session.or_else(in_cookie);
        info.method = Some(head.method().to_owned());
        info.route = self.route();
        if let Some((ip, source)) = address {
            info.ip = Some(ip);
            info.ip_source = Some(source);
        }
        if let Some(trace) = trace {
            info.trace_id = Some(trace.trace_id);
            info.span_id = trace.span_id;
            info.traceparent = trace.traceparent;
        }
        info.user_agent = head
            .header("user-agent")
            .map(|value| String::from_utf8_lossy(value).chars().take(USER_AGENT_CHARS).collect());
        Some(info)
    }
}
