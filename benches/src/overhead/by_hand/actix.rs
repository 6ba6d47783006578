//! The middleware for actix-web.

use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::sync::mpsc::SyncSender;
use std::task::{Context as Wakes, Poll, ready as when_ready};
use std::time::SystemTime;

use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::http::header::{HeaderName, HeaderValue, USER_AGENT};
use actix_web::{Error, HttpMessage};
use pin_project_lite::pin_project;

use super::{Captured, Context, Seen, queue};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACE: HeaderName = HeaderName::from_static("traceparent");

type Queue = SyncSender<Captured<String, HeaderValue>>;

pub(in super::super) struct ByHand(Queue);

impl ByHand {
    pub(in super::super) fn new() -> Self {
        Self(queue())
    }
}

impl<S, B> Transform<S, ServiceRequest> for ByHand
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Transform = ByHandService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, Self::InitError>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        ready(Ok(ByHandService { inner, queue: self.0.clone() }))
    }
}

pub(in super::super) struct ByHandService<S> {
    inner: S,
    queue: Queue,
}

impl<S, B> Service<ServiceRequest> for ByHandService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Future = ByHandFuture<S::Future>;

    fn poll_ready(&self, wakes: &mut Wakes<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(wakes)
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let seen = seen(&request);
        let context = Context::default();
        request.extensions_mut().insert(context.clone());
        ByHandFuture { inner: self.inner.call(request), context, seen: Some(seen), queue: self.queue.clone() }
    }
}

fn seen(request: &ServiceRequest) -> Seen<String, HeaderValue> {
    let header = |name: &HeaderName| request.headers().get(name).cloned();
    Seen {
        began: SystemTime::now(),
        route: request.match_pattern(),
        address: request.peer_addr().map(|peer| peer.ip()),
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
        seen: Option<Seen<String, HeaderValue>>,
        queue: Queue,
    }
}

impl<F: Future<Output = Result<ServiceResponse<B>, Error>>, B> Future for ByHandFuture<F> {
    type Output = Result<ServiceResponse<B>, Error>;

    fn poll(self: Pin<&mut Self>, wakes: &mut Wakes<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let answer = when_ready!(this.inner.poll(wakes));
        if let (Ok(response), Some(seen), Some(said)) = (&answer, this.seen.take(), this.context.take()) {
            let captured = Captured::new(seen, said, response.status().as_u16());
            // Who takes them lives as long as the process.
            _ = this.queue.send(captured);
        }
        Poll::Ready(answer)
    }
}
