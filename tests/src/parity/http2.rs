//! HTTP/2 without TLS, the client knowing beforehand that the server speaks it (RFC 9113 section 3.3).

use std::fmt;
use std::net::SocketAddr;

use axum::body::Bytes;
use futures_util::FutureExt;
use h2::client::{ResponseFuture, SendRequest};
use h2::{Reason, SendStream};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use super::Request;
use super::driver::Response;

/// One connection with one stream under way.
pub(super) struct Http2 {
    sender: SendRequest<Bytes>,
    stream: Option<(ResponseFuture, SendStream<Bytes>)>,
    /// Moves the frames; the connection ends with it. The other streams of a connection have none.
    frames: Option<JoinHandle<()>>,
}

impl Http2 {
    pub(super) async fn open(to: SocketAddr) -> Self {
        let (sender, frames) = h2::client::handshake(TcpStream::connect(to).await.unwrap()).await.unwrap();
        // How the connection ends is the script's business.
        let frames = tokio::spawn(async move { drop(frames.await) });
        Self { sender, stream: None, frames: Some(frames) }
    }

    /// Another stream of the same connection.
    pub(super) fn beside(&self) -> Self {
        Self { sender: self.sender.clone(), stream: None, frames: None }
    }

    pub(super) async fn send(&mut self, request: &Request) {
        let mut head = axum::http::Request::builder()
            .method(&*request.method)
            .uri(format!("http://localhost{}", request.path));
        for (name, value) in &request.headers {
            head = head.header(*name, value.as_slice());
        }
        let head = head.body(()).unwrap();
        self.sender = self.sender.clone().ready().await.unwrap();
        let (response, mut body) = self.sender.send_request(head, request.body.is_empty()).unwrap();
        if !request.body.is_empty() {
            body.send_data(Bytes::from(request.body.clone()), true).unwrap();
        }
        self.stream = Some((response, body));
    }

    /// Reads the response to its end. `None` when the stream ends before one.
    pub(super) async fn hear(&mut self) -> Option<Response> {
        let (response, _) = self.stream.take().expect("nothing was sent");
        let (head, mut frames) = response.await.ok()?.into_parts();
        let text = |value: &axum::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = head.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        let mut response = Response { status: head.status.as_u16(), headers, body: String::new() };
        while let Some(data) = frames.data().await {
            let data = data.unwrap();
            frames.flow_control().release_capacity(data.len()).unwrap();
            response.body.push_str(&String::from_utf8_lossy(&data));
        }
        Some(response)
    }

    /// Whether no response has come.
    pub(super) fn is_silent(&mut self) -> bool {
        self.stream.as_mut().is_some_and(|(response, _)| response.now_or_never().is_none())
    }

    /// RST_STREAM with CANCEL.
    pub(super) fn reset(&mut self) {
        let (_, mut body) = self.stream.take().expect("nothing was sent");
        body.send_reset(Reason::CANCEL);
    }
}

impl Drop for Http2 {
    fn drop(&mut self) {
        if let Some(frames) = &self.frames {
            frames.abort();
        }
    }
}

impl fmt::Debug for Http2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http2").finish_non_exhaustive()
    }
}
