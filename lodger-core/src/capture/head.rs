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

/// The header that a session cookie stands in.
pub(super) const SESSION_HEADER: &str = "cookie";

/// The number of a header that capture may ask for. Those of any request come first, behind them what trusted proxies
/// write, and at last what may hold the session. Asked of every header of every request, so by the length first.
#[inline]
pub(super) fn number_of(name: &str) -> Option<u8> {
    let found = |known: &str, number| (name == known).then_some(number);
    match name.len() {
        2 => found("b3", 4),
        6 => found(SESSION_HEADER, 10),
        9 => found("forwarded", 8),
        10 => found("user-agent", 7).or_else(|| found("x-trace-id", 3)),
        11 => found("traceparent", 2).or_else(|| found("x-b3-spanid", 6)),
        12 => found("x-request-id", 0).or_else(|| found("x-b3-traceid", 5)),
        15 => found("x-forwarded-for", 9),
        19 => found("x-client-request-id", 1),
        _ => None,
    }
}

/// The numbers of the headers that may be asked for under these settings, a bit each.
pub(super) fn wanted(proxies: bool, session_cookie: bool) -> u16 {
    0b000_1111_1111 | if proxies { 0b011 << 8 } else { 0 } | if session_cookie { 1 << 10 } else { 0 }
}

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
