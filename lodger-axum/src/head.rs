//! The view of a request's head.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, MatchedPath, OriginalUri};
use http::header::{HeaderName, HeaderValue};
use http::{Method, Request, Uri};
use lodger_core::capture::Head;

/// The header that carries the request id.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What is kept of a request's head. Everything in it is reference-counted, so keeping it copies no text.
#[derive(Debug)]
pub(crate) struct CapturedHead {
    method: Method,
    uri: Uri,
    route: Option<MatchedPath>,
    headers: Vec<(&'static str, HeaderValue)>,
    peer: Option<IpAddr>,
}

impl CapturedHead {
    /// Keeps these headers of the request, and what else capture may ask for.
    pub(crate) fn of<B>(request: &Request<B>, headers: &[&'static str]) -> Self {
        let extensions = request.extensions();
        let values =
            |name: &'static str| request.headers().get_all(name).into_iter().map(move |v| (name, v.clone()));
        Self {
            method: request.method().clone(),
            // Inside of a nested router `uri()` has lost its prefix.
            uri: extensions
                .get::<OriginalUri>()
                .map_or_else(|| request.uri(), |original| &original.0)
                .clone(),
            route: extensions.get::<MatchedPath>().cloned(),
            headers: headers.iter().copied().flat_map(values).collect(),
            peer: extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip()),
        }
    }
}

impl Head for CapturedHead {
    fn method(&self) -> &str {
        self.method.as_str()
    }

    fn path(&self) -> &str {
        self.uri.path()
    }

    fn route(&self) -> Option<&str> {
        self.route.as_ref().map(MatchedPath::as_str)
    }

    fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_bytes())
    }

    fn header_values(&self, name: &str, visit: &mut dyn FnMut(&[u8])) {
        for (_, value) in self.headers.iter().filter(|(known, _)| *known == name) {
            visit(value.as_bytes());
        }
    }

    fn peer(&self) -> Option<IpAddr> {
        self.peer
    }
}
