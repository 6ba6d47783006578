//! The requests: what a browser sends behind a proxy that traces.

use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;

use axum::body::Bytes;
use lodger_core::event::{Actor, ToActor};
use serde::{Deserialize, Serialize};

pub(super) const PATH: &str = "/invoices/4711";
pub(super) const ROUTE: &str = "/invoices/{id}";
pub(super) const BODY: &[u8] = br#"{"amount":4200,"currency":"EUR","paid":true}"#;

/// Of every request.
const HEADERS: [(&str, &str); 8] = [
    ("host", "invoices.example.com"),
    ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
    ("accept", "application/json, text/plain, */*"),
    ("accept-encoding", "gzip, deflate, br, zstd"),
    ("x-request-id", "6f0c1f6e-8a55-4f2e-9f7e-2f6b1f0a9c11"),
    ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
    ("authorization", "Bearer 9sK2bq1vJ0n4xW7uT3yR6pQ8aZ5cE1dF"),
    ("cookie", "session=b1946ac92492d2347c6235b4d2611184; theme=dark"),
];

/// Of those with a body.
const OF_BODY: [(&str, &str); 2] = [("content-type", "application/json"), ("content-length", "44")];

/// What is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sent {
    /// `PUT` with a JSON body.
    Change,
    /// `GET`.
    Read,
}

/// The peer's address.
pub(super) fn peer() -> SocketAddr {
    SocketAddr::from(([203, 0, 113, 7], 50_301))
}

/// The headers of requests. As in a server, the values of one request are slices of one buffer.
pub(super) struct Headers {
    text: Vec<u8>,
    places: Vec<(&'static str, Range<usize>)>,
}

impl Headers {
    pub(super) fn of(sent: Sent) -> Self {
        let of_body = OF_BODY.into_iter().filter(|_| sent == Sent::Change);
        let mut headers = Self { text: Vec::new(), places: Vec::new() };
        for (name, value) in HEADERS.into_iter().chain(of_body) {
            let begin = headers.text.len();
            headers.text.extend_from_slice(value.as_bytes());
            headers.places.push((name, begin..headers.text.len()));
        }
        headers
    }

    /// The names, in the order of the values.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.places.iter().map(|(name, _)| *name)
    }

    /// The values of a new request.
    pub(super) fn values(&self) -> impl Iterator<Item = Bytes> {
        let buffer = Bytes::from(self.text.clone());
        self.places.iter().map(move |(_, place)| buffer.slice(place.clone()))
    }
}

/// The user, whom an authentication outside of the layer has put into the extensions.
#[derive(Debug, Clone)]
pub(super) struct CurrentUser {
    pub(super) id: Arc<str>,
}

impl CurrentUser {
    pub(super) fn new() -> Self {
        Self { id: "u_0193f2a4".into() }
    }
}

impl ToActor for CurrentUser {
    fn to_actor(&self) -> Actor {
        Actor::user(&self.id)
    }
}

/// The body of a request.
#[derive(Debug, Deserialize)]
pub(super) struct Update {
    pub(super) amount: u64,
    pub(super) currency: String,
    pub(super) paid: bool,
}

/// The body of a response.
#[derive(Debug, Serialize)]
pub(super) struct Invoice {
    id: u64,
    amount: u64,
    currency: String,
    paid: bool,
}

impl Invoice {
    pub(super) fn updated(id: u64, update: Update) -> Self {
        Self { id, amount: update.amount, currency: update.currency, paid: update.paid }
    }

    pub(super) fn found(id: u64) -> Self {
        Self { id, amount: 4_200, currency: "EUR".to_owned(), paid: false }
    }
}
