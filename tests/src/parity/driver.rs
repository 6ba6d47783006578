//! A client that sends exactly what it is told to, and leaves when it is told to.

use std::net::SocketAddr;

use super::Request;
use super::http1::Http1;
use super::http2::Http2;

/// What came back.
#[derive(Debug)]
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
}

impl Response {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }
}

/// One connection with one request under way.
#[derive(Debug)]
pub(super) enum Connection {
    Http1(Http1),
    Http2(Http2),
}

impl Connection {
    pub(super) async fn open(to: SocketAddr, http2: bool) -> Self {
        if http2 { Self::Http2(Http2::open(to).await) } else { Self::Http1(Http1::open(to).await) }
    }

    pub(super) async fn send(&mut self, request: &Request) {
        match self {
            Self::Http1(connection) => connection.send(request).await,
            Self::Http2(connection) => connection.send(request).await,
        }
    }

    /// Reads the response to its end. `None` when the connection or the stream ends before one.
    pub(super) async fn hear(&mut self) -> Option<Response> {
        match self {
            Self::Http1(connection) => connection.hear().await,
            Self::Http2(connection) => connection.hear().await,
        }
    }

    /// Whether not a byte of a response has come.
    pub(super) fn is_silent(&mut self) -> bool {
        match self {
            Self::Http1(connection) => connection.is_silent(),
            Self::Http2(connection) => connection.is_silent(),
        }
    }

    /// For what only HTTP/1.1 has.
    pub(super) fn http1(&mut self) -> &mut Http1 {
        match self {
            Self::Http1(connection) => connection,
            Self::Http2(_) => panic!("only HTTP/1.1 has that"),
        }
    }

    /// For what only HTTP/2 has.
    pub(super) fn http2(&mut self) -> &mut Http2 {
        match self {
            Self::Http2(connection) => connection,
            Self::Http1(_) => panic!("only HTTP/2 has that"),
        }
    }
}
