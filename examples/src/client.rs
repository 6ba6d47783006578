//! The person at the other end of the wire.

use std::error::Error;
use std::net::SocketAddr;

use ::axum::body::{Body, Bytes};
use ::axum::http::{Request, StatusCode, header};
use http_body_util::Full;
use hyper_util::client::legacy::Client as Connections;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// One request to the service.
#[derive(Debug, Clone, Copy)]
pub struct Call {
    /// Who sends it.
    pub user: &'static str,
    /// The method.
    pub method: &'static str,
    /// The path.
    pub path: &'static str,
    /// The JSON body; empty for none.
    pub body: &'static str,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The request id, where the service named one.
    pub request_id: Option<String>,
}

/// Sends requests to the service over real connections.
#[derive(Debug)]
pub struct Client {
    address: SocketAddr,
    connections: Connections<HttpConnector, Full<Bytes>>,
}

impl Client {
    /// A client of the service at this address.
    #[must_use]
    pub fn new(address: SocketAddr) -> Self {
        Self { address, connections: Connections::builder(TokioExecutor::new()).build_http() }
    }

    /// Sends a request and reads the answer to its end.
    ///
    /// # Errors
    ///
    /// When there is no answer.
    pub async fn send(&self, call: &Call) -> Result<Answer, Box<dyn Error>> {
        let request = Request::builder()
            .method(call.method)
            .uri(format!("http://{}{}", self.address, call.path))
            .header(header::AUTHORIZATION, format!("Bearer {}-token", call.user))
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::USER_AGENT, "lodger-quickstart")
            .body(Full::from(call.body))?;
        let answer = self.connections.request(request).await?;
        let request_id =
            answer.headers().get("x-request-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
        let status = answer.status();
        ::axum::body::to_bytes(Body::new(answer.into_body()), usize::MAX).await?;
        Ok(Answer { status, request_id })
    }
}
