//! The view of a request's head that every rule of capture works on.

use std::fmt;
use std::net::IpAddr;

/// A request's head, as an adapter shows it: method, path, route, headers and the peer's address.
///
/// The two frameworks are on different versions of the `http` crate, so no type of it appears here.
pub trait Head: fmt::Debug + Send + Sync {
    /// The method as it came: `PUT`.
    fn method(&self) -> &str;

    /// The path, still percent-encoded and without the query.
    fn path(&self) -> &str;

    /// The matched route's template in the framework's own syntax, when the framework has routed the request.
    fn route(&self) -> Option<&str>;

    /// The first value of a header. `name` is in lower case.
    fn header(&self, name: &str) -> Option<&[u8]>;

    /// Shows every value of a header, one for each header line, in the order of the lines. `name` is in lower case.
    fn header_values(&self, name: &str, visit: &mut dyn FnMut(&[u8]));

    /// The address at the other end of the connection, when there is one (a Unix socket or a test has none).
    fn peer(&self) -> Option<IpAddr>;
}

/// The headers that capture may ask for in any request. An adapter that copies a head keeps these and no others.
pub const CAPTURED_HEADERS: &[&str] = &[
    "x-request-id",
    "x-client-request-id",
    "traceparent",
    "x-trace-id",
    "b3",
    "x-b3-traceid",
    "x-b3-spanid",
    "user-agent",
];

/// The headers that capture asks for as well when trusted proxies are configured.
pub const PROXY_HEADERS: &[&str] = &["forwarded", "x-forwarded-for"];

/// The header that capture asks for as well when a session cookie is configured.
pub const SESSION_HEADER: &str = "cookie";

/// The only value of a header. None when there are several lines of it: no rule of ours may pick one, since the
/// parts of a request that pick another would then disagree with the record.
pub(super) fn only_value<T>(head: &dyn Head, name: &str, read: impl FnOnce(&[u8]) -> Option<T>) -> Option<T> {
    let mut lines = 0_usize;
    head.header_values(name, &mut |_| lines += 1);
    if lines == 1 { head.header(name).and_then(read) } else { None }
}

/// A head made by hand, for the tests of this module.
#[cfg(test)]
#[derive(Debug, Default, Clone)]
pub(crate) struct FakeHead {
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) peer: Option<IpAddr>,
}

#[cfg(test)]
impl FakeHead {
    pub(crate) fn with(headers: &[(&str, &str)]) -> Self {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()));
        Self { headers: headers.collect(), peer: None }
    }

    pub(crate) fn with_peer(mut self, peer: &str) -> Self {
        self.peer = Some(peer.parse().unwrap());
        self
    }
}

#[cfg(test)]
impl Head for FakeHead {
    fn method(&self) -> &str {
        "GET"
    }

    fn path(&self) -> &str {
        "/"
    }

    fn route(&self) -> Option<&str> {
        None
    }

    fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_slice())
    }

    fn header_values(&self, name: &str, visit: &mut dyn FnMut(&[u8])) {
        for (_, value) in self.headers.iter().filter(|(key, _)| key == name) {
            visit(value);
        }
    }

    fn peer(&self) -> Option<IpAddr> {
        self.peer
    }
}
