//! The future of a response: polls the inner service in the scope, then waits for the guarantee.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use http::header::HeaderValue;
use lodger_core::capture::{Exchange, InScope, ResponseHead, Wait};
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
        /// finishes what the handler's end has staged.
        Running { #[pin] inner: InScope<F>, exchange: Exchange },
        /// The response is held until its events are as safe as was asked for.
        Waiting { response: Option<Result<Response<R>, E>>, wait: Wait },
        /// Another layer outside of this one does the work.
        Through { #[pin] inner: F },
        /// The request was turned away.
        Unavailable { response: Option<Response<R>> },
    }
}

impl<F, R, E> ResponseFuture<F, R, E> {
    pub(crate) fn run(inner: InScope<F>, exchange: Exchange) -> Self {
        Self { step: Step::Running { inner, exchange } }
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
                StepProjection::Running { inner, exchange } => {
                    let mut response = ready!(exchange.step(|| inner.poll(cx)));
                    match respond(exchange, &mut response) {
                        Some(wait) => Step::Waiting { response: Some(response), wait },
                        None => return Poll::Ready(response),
                    }
                }
            };
            this.step.set(next);
        }
    }
}

fn respond<R, E>(exchange: &mut Exchange, response: &mut Result<Response<R>, E>) -> Option<Wait> {
    let Ok(response) = response else { return exchange.fail() };
    let header = |name| response.headers().get(name).map(HeaderValue::as_bytes);
    let responded = exchange.respond(ResponseHead::new(response.status().as_u16(), header));
    if let Some(id) = responded.request_id.and_then(|id| HeaderValue::try_from(id).ok()) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    responded.wait
}

impl<F, R, E> fmt::Debug for ResponseFuture<F, R, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
