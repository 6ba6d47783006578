//! The layer for axum.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::mpsc::SyncSender;
use std::task::{Context as Wakes, Poll, ready};
use std::time::SystemTime;

use axum::extract::{ConnectInfo, MatchedPath, Request};
use axum::response::Response;
use http::header::{HeaderName, HeaderValue, USER_AGENT};
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use super::{Captured, Context, Seen, queue};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACE: HeaderName = HeaderName::from_static("traceparent");

type Queue = SyncSender<Captured<MatchedPath, HeaderValue>>;

#[derive(Clone)]
pub(in super::super) struct ByHand(Queue);

impl ByHand {
    pub(in super::super) fn new() -> Self {
        Self(queue())
    }
}

impl<S> Layer<S> for ByHand {
    type Service = ByHandService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ByHandService { inner, queue: self.0.clone() }
    }
}

#[derive(Clone)]
pub(in super::super) struct ByHandService<S> {
    inner: S,
    queue: Queue,
}

impl<S: Service<Request, Response = Response>> Service<Request> for ByHandService<S> {
    type Response = Response;
    type Error = S::Error;
    type Future = ByHandFuture<S::Future>;

    fn poll_ready(&mut self, wakes: &mut Wakes<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(wakes)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let seen = seen(&request);
        let context = Context::default();
        request.extensions_mut().insert(context.clone());
        ByHandFuture { inner: self.inner.call(request), context, seen: Some(seen), queue: self.queue.clone() }
    }
}

fn seen(request: &Request) -> Seen<MatchedPath, HeaderValue> {
    let header = |name: &HeaderName| request.headers().get(name).cloned();
    Seen {
        began: SystemTime::now(),
        route: request.extensions().get().cloned(),
        address: request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip()),
        request_id: header(&REQUEST_ID),
        trace: header(&TRACE),
        user_agent: header(&USER_AGENT),
    }
}

pin_project! {
    pub(in super::super) struct ByHandFuture<F> {
        #[pin]
        inner: F,
        context: Context,
        seen: Option<Seen<MatchedPath, HeaderValue>>,
        queue: Queue,
    }
}

impl<F: Future<Output = Result<Response, E>>, E> Future for ByHandFuture<F> {
    type Output = Result<Response, E>;

    fn poll(self: Pin<&mut Self>, wakes: &mut Wakes<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let answer = ready!(this.inner.poll(wakes));
        if let (Ok(response), Some(seen), Some(said)) = (&answer, this.seen.take(), this.context.take()) {
            let captured = Captured::new(seen, said, response.status().as_u16());
            // Who takes them lives as long as the process.
            _ = this.queue.send(captured);
        }
        Poll::Ready(answer)
    }
}
