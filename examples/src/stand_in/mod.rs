//! Hosted audit services, played on this machine: enough of each to see what arrives there, and nothing kept.
//!
//! One file a service. Each is a [`Service`]: what it holds, and what it answers to a request. [`StandIn`] puts it behind a
//! port of this machine.

pub mod auditledge;
pub mod lodger;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Query, State};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode, Uri};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The largest request that a service reads, in bytes.
const MAX_REQUEST: usize = 1024 * 1024;

/// What a service does with a request.
pub trait Service: Send + 'static {
    /// The answer, after whatever the request changes.
    fn answer(&mut self, request: &Request) -> Reply;

    /// The events that it holds, oldest first, as it would show them.
    fn stored(&self) -> Vec<Value>;
}

/// A request as it arrived.
#[derive(Debug, Clone)]
pub struct Request {
    /// In upper case.
    pub method: String,
    /// Percent-encoded, without the query.
    pub path: String,
    /// The query's parameters, decoded, in their order.
    pub query: Vec<(String, String)>,
    /// The headers, their names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    /// A request to this path and query.
    #[must_use]
    pub fn new(method: &str, target: &str, headers: BTreeMap<String, String>, body: Vec<u8>) -> Self {
        let uri: Uri = target.parse().unwrap_or_default();
        let query = Query::try_from_uri(&uri).map(|Query(pairs)| pairs).unwrap_or_default();
        Self { method: method.to_owned(), path: uri.path().to_owned(), query, headers, body }
    }

    /// The first parameter of this name.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The header of this name, in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The body as JSON; `None` where it is none.
    #[must_use]
    pub fn json<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(&self.body).ok()
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Reply {
    /// JSON.
    #[must_use]
    pub fn json(status: u16, body: &Value) -> Self {
        Self {
            status,
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: body.to_string().into_bytes(),
        }
    }

    /// With this header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// A service behind a port of this machine, until it is dropped.
#[derive(Debug)]
pub struct StandIn<S> {
    address: SocketAddr,
    service: Arc<Mutex<S>>,
    serving: JoinHandle<()>,
}

impl<S: Service> StandIn<S> {
    /// Opens a port for it.
    ///
    /// # Errors
    ///
    /// When there is no port to be had.
    pub async fn start(service: S) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let service = Arc::new(Mutex::new(service));
        let app = Router::new().fallback(answer::<S>).with_state(Arc::clone(&service));
        let serving = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, app).await {
                tracing::error!(%error, "the stand-in stopped");
            }
        });
        Ok(Self { address, service, serving })
    }

    /// Its address, as a client's base.
    #[must_use]
    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it holds.
    pub fn service(&self) -> MutexGuard<'_, S> {
        self.service.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S> Drop for StandIn<S> {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn answer<S: Service>(
    State(service): State<Arc<Mutex<S>>>,
    request: axum::extract::Request,
) -> Response<Body> {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_REQUEST).await else { return status(StatusCode::PAYLOAD_TOO_LARGE) };
    let headers = head.headers.iter().map(|(name, value)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    });
    let request = Request::new(head.method.as_str(), &head.uri.to_string(), headers.collect(), body.to_vec());
    let reply = service.lock().unwrap_or_else(PoisonError::into_inner).answer(&request);
    let mut response =
        status(StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    for (name, value) in &reply.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    *response.body_mut() = reply.body.into();
    response
}

fn status(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}
