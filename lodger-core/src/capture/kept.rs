//! What is kept of a request's head while the request runs: copied, neither parsed nor looked into.

use std::fmt;
use std::net::IpAddr;
use std::str;

use super::head::{Head, number_of};
use super::request_id::is_acceptable;

/// Most heads are no longer than this.
const USUAL_BYTES: usize = 384;

/// A scope that is used again gives the memory of a head back that was longer than this.
const MOST_KEPT_FOR_THE_NEXT: usize = 4 << 10;

/// Before the value of a header: its number, and its length in four bytes.
const HEADER_PREFIX: usize = 5;

/// The head of a request, in one piece of memory of its own, which a clone has exactly as long as it has to be. So no buffer of a connection stays in memory because an
/// event waits for the disk, and no header is cloned one by one.
#[derive(Default, Clone)]
pub struct KeptHead {
    /// Method, path and route, then of each header that is kept its number, the length of its value, and its value.
    bytes: Vec<u8>,
    method_end: usize,
    path_end: usize,
    route_end: usize,
    has_route: bool,
    peer: Option<IpAddr>,
    /// Whether the request came with an id that is acceptable.
    has_id: bool,
    /// A bit for each number of a header that may be asked for.
    wanted: u16,
}

impl KeptHead {
    /// Begins anew, for a request of which these headers may be asked for.
    pub(super) fn begin(&mut self, wanted: u16) {
        // Everything but the memory, so that nothing of the last request is there whatever is kept of this one.
        *self = Self { bytes: std::mem::take(&mut self.bytes), wanted, ..Self::default() };
        self.bytes.clear();
        self.bytes.reserve(USUAL_BYTES);
    }

    /// Forgets everything, and most of the memory.
    pub(super) fn forget(&mut self) {
        if self.bytes.capacity() > MOST_KEPT_FOR_THE_NEXT {
            self.bytes = Vec::new();
        }
        self.bytes.clear();
    }

    /// The bytes of memory that it takes besides its own.
    pub(super) fn weight(&self) -> usize {
        self.bytes.len()
    }

    /// Keeps what is no header: the method, the path without the query, still percent-encoded, the template of the matched
    /// route where the framework knows it already, and who is at the other end of the connection. Comes first.
    #[inline]
    pub fn keep_request(&mut self, method: &str, path: &str, route: Option<&str>, peer: Option<IpAddr>) {
        self.bytes.extend_from_slice(method.as_bytes());
        self.method_end = self.bytes.len();
        self.bytes.extend_from_slice(path.as_bytes());
        self.path_end = self.bytes.len();
        self.bytes.extend_from_slice(route.unwrap_or_default().as_bytes());
        self.route_end = self.bytes.len();
        self.has_route = route.is_some();
        self.peer = peer;
    }

    /// Keeps a header line, if it is one that capture may ask for; `name` is in lower case. Answers whether it is the
    /// request's id, to be echoed: the first one that came, if it is acceptable.
    #[inline]
    pub fn keep_header(&mut self, name: &str, value: &[u8]) -> bool {
        match number_of(name) {
            Some(number) if self.wanted & (1 << number) != 0 => self.push(number, value),
            _ => false,
        }
    }

    fn push(&mut self, number: u8, value: &[u8]) -> bool {
        let is_id = number == 0 && Head::header(self, "x-request-id").is_none() && is_acceptable(value);
        self.has_id |= is_id;
        // A header of 4 GiB is none that a server lets in.
        if let Ok(length) = u32::try_from(value.len()) {
            let [a, b, c, d] = length.to_le_bytes();
            self.bytes.extend_from_slice(&[number, a, b, c, d]);
            self.bytes.extend_from_slice(value);
        }
        is_id
    }

    /// Whether the request came with an id that is acceptable.
    pub(super) fn has_id(&self) -> bool {
        self.has_id
    }

    fn text(&self, from: usize, to: usize) -> &str {
        // They were texts when they came in, and have kept their borders.
        self.bytes.get(from..to).and_then(|bytes| str::from_utf8(bytes).ok()).unwrap_or_default()
    }

    /// The values that this header has, in the order of its lines.
    fn values<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        let wanted = number_of(name);
        let mut rest = self.bytes.get(self.route_end..).unwrap_or_default();
        let headers = std::iter::from_fn(move || {
            let (prefix, behind) = rest.split_first_chunk::<HEADER_PREFIX>()?;
            let [number, length @ ..] = *prefix;
            let (value, others) =
                behind.split_at_checked(usize::try_from(u32::from_le_bytes(length)).ok()?)?;
            rest = others;
            Some((number, value))
        });
        headers.filter(move |(number, _)| Some(*number) == wanted).map(|(_, value)| value)
    }
}

impl Head for KeptHead {
    fn method(&self) -> &str {
        self.text(0, self.method_end)
    }

    fn path(&self) -> &str {
        self.text(self.method_end, self.path_end)
    }

    fn route(&self) -> Option<&str> {
        self.has_route.then(|| self.text(self.path_end, self.route_end))
    }

    fn header(&self, name: &str) -> Option<&[u8]> {
        self.values(name).next()
    }

    fn header_values(&self, name: &str, visit: &mut dyn FnMut(&[u8])) {
        self.values(name).for_each(visit);
    }

    fn peer(&self) -> Option<IpAddr> {
        self.peer
    }
}

/// Headers are credentials, some of them.
impl fmt::Debug for KeptHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptHead").field("method", &self.method()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::head::wanted;
    use super::*;

    fn lines(head: &KeptHead, name: &str) -> Vec<String> {
        head.values(name).map(|value| String::from_utf8(value.to_vec()).unwrap()).collect()
    }

    #[test]
    fn what_is_asked_for_is_there_as_it_came() {
        let mut head = KeptHead::default();
        head.begin(u16::MAX);
        head.keep_request("PUT", "/a%20b", Some("/{x}"), None);
        assert!(!head.keep_header("host", b"example.com"));
        assert!(head.keep_header("x-request-id", b"one"));
        assert!(!head.keep_header("x-request-id", b"two"), "of two lines the first is taken");
        assert!(!head.keep_header("x-forwarded-for", b"a"));
        assert!(!head.keep_header("x-forwarded-for", b""));
        assert!(!head.keep_header("user-agent", &[0xff; 500]));
        assert_eq!((head.method(), head.path(), head.route()), ("PUT", "/a%20b", Some("/{x}")));
        assert_eq!(Head::header(&head, "x-request-id"), Some(&b"one"[..]));
        assert_eq!(lines(&head, "x-forwarded-for"), ["a", ""]);
        assert_eq!(Head::header(&head, "user-agent"), Some(&[0xff; 500][..]));
        assert_eq!(Head::header(&head, "host"), None);
        assert_eq!(Head::header(&head, "b3"), None);
    }

    #[test]
    fn the_next_request_finds_nothing_of_the_last() {
        let mut head = KeptHead::default();
        head.begin(u16::MAX);
        head.keep_request("POST", "/long", Some("/long"), Some(IpAddr::from([192, 0, 2, 1])));
        head.keep_header("cookie", &vec![b'x'; 1 << 20]);
        head.forget();
        assert!(head.bytes.capacity() <= MOST_KEPT_FOR_THE_NEXT);
        head.begin(u16::MAX);
        head.keep_request("GET", "/", None, None);
        assert_eq!((head.method(), head.path(), head.route(), head.peer()), ("GET", "/", None, None));
        assert_eq!(Head::header(&head, "cookie"), None);
        head.keep_header("x-request-id", b"one");
        head.keep_request("GET", "/", Some("/"), Some(IpAddr::from([192, 0, 2, 1])));
        head.begin(u16::MAX);
        assert_eq!((head.method(), head.path(), head.route(), head.peer()), ("", "", None, None));
        assert!(!head.has_id());
    }

    #[test]
    fn what_nobody_may_ask_for_is_not_kept() {
        let mut head = KeptHead::default();
        head.begin(wanted(false, true));
        head.keep_request("GET", "/", None, None);
        head.keep_header("forwarded", b"for=192.0.2.1");
        head.keep_header("cookie", b"sid=1");
        assert_eq!((Head::header(&head, "forwarded"), lines(&head, "cookie").len()), (None, 1));
    }

    #[test]
    fn an_id_that_is_not_acceptable_is_not_echoed() {
        let mut head = KeptHead::default();
        head.begin(u16::MAX);
        head.keep_request("GET", "/", None, None);
        assert!(!head.keep_header("x-request-id", b"a b"));
        assert!(!head.keep_header("x-request-id", b"ab"), "nor a second one in its place");
        assert!(!head.has_id());
    }
}
