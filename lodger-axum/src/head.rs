//! What is kept of a request's head.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, MatchedPath, OriginalUri};
use http::Request;
use http::header::{HeaderName, HeaderValue};
use lodger_core::capture::KeptHead;

/// The header that carries the request id.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Keeps of the request's head what capture may ask for. Answers with the request id that came with it.
pub(crate) fn keep<B>(request: &Request<B>, head: &mut KeptHead) -> Option<HeaderValue> {
    let extensions = request.extensions();
    // Inside of a nested router `uri()` has lost its prefix.
    let uri = extensions.get::<OriginalUri>().map_or_else(|| request.uri(), |original| &original.0);
    let route = extensions.get::<MatchedPath>().map(MatchedPath::as_str);
    let peer = extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    head.keep_request(request.method().as_str(), uri.path(), route, peer);
    let mut request_id = None;
    for (name, value) in request.headers() {
        if head.keep_header(name.as_str(), value.as_bytes()) {
            request_id.get_or_insert(value);
        }
    }
    request_id.cloned()
}
