//! The future of a response: polls the inner service in the scope, then waits for the guarantee.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use http::header::{CONTENT_TYPE, HeaderValue};
use lodger_core::capture::{Asked, Echo, Exchange, InScope, Responded, ResponseHead, Wait};
use pin_project_lite::pin_project;

use crate::head::REQUEST_ID;

pin_project! {
    /// The future of a response of [`AuditService`](crate::service::AuditService).
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F, R, E> {
        #[pin]
        step: Step<F, R, E>,
    }
}

pin_project! {
    #[project = StepProjection]
    enum Step<F, R, E> {
        /// The inner service runs. Fields are dropped in this order: first the handler, then the exchange, which
        /// finishes what the handler's end has staged. The request id is as it came.
        Running { #[pin] inner: InScope<F>, exchange: Exchange, request_id: Option<HeaderValue> },
        /// The response is held until its events are as safe as was asked for.
        Waiting { response: Option<Result<Response<R>, E>>, wait: Wait },
        /// Another layer outside of this one does the work.
        Through { #[pin] inner: F },
        /// The request was turned away.
        Unavailable { response: Option<Response<R>> },
    }
}

impl<F, R, E> ResponseFuture<F, R, E> {
    pub(crate) fn run(inner: InScope<F>, exchange: Exchange, request_id: Option<HeaderValue>) -> Self {
        Self { step: Step::Running { inner, exchange, request_id } }
    }

    pub(crate) fn through(inner: F) -> Self {
        Self { step: Step::Through { inner } }
    }

    pub(crate) fn unavailable(response: Response<R>) -> Self {
        Self { step: Step::Unavailable { response: Some(response) } }
    }
}

impl<F, R, E> Future for ResponseFuture<F, R, E>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let next = match this.step.as_mut().project() {
                StepProjection::Through { inner } => return inner.poll(cx),
                StepProjection::Unavailable { response } => {
                    return response.take().map_or(Poll::Pending, |response| Poll::Ready(Ok(response)));
                }
                StepProjection::Waiting { response, wait } => {
                    // What the wait came to is counted by the exchange; the response goes out either way.
                    ready!(wait.as_mut().poll(cx)).ok();
                    match response.take() {
                        Some(response) => return Poll::Ready(response),
                        None => return Poll::Pending,
                    }
                }
                StepProjection::Running { inner, exchange, request_id } => {
                    let mut response = ready!(exchange.step(|| inner.poll(cx)));
                    match respond(exchange, &mut response, request_id) {
                        Some(wait) => Step::Waiting { response: Some(response), wait },
                        None => return Poll::Ready(response),
                    }
                }
            };
            this.step.set(next);
        }
    }
}

fn respond<R, E>(
    exchange: &mut Exchange,
    response: &mut Result<Response<R>, E>,
    request_id: &mut Option<HeaderValue>,
) -> Option<Wait> {
    let Ok(response) = response else { return exchange.fail() };
    let header = |asked| {
        let value = match asked {
            Asked::ContentType => response.headers().get(CONTENT_TYPE),
            Asked::GrpcStatus => response.headers().get("grpc-status"),
            Asked::RequestId => response.headers().get(REQUEST_ID),
        };
        value.map(HeaderValue::as_bytes)
    };
    let Responded { request_id: echo, wait } =
        exchange.respond(ResponseHead::new(response.status().as_u16(), &header));
    let echo = match echo {
        Echo::Nothing => None,
        Echo::Inbound => request_id.take(),
        Echo::Minted(id) => HeaderValue::try_from(id).ok(),
    };
    if let Some(id) = echo {
        response.headers_mut().entry(REQUEST_ID).or_insert(id);
    }
    wait
}

impl<F, R, E> fmt::Debug for ResponseFuture<F, R, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
