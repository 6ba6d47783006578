//! The future of a response: polls the inner service in the scope, then waits for the guarantee.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use actix_web::{Error, HttpResponse, ResponseError};
use lodger_core::capture::{Asked, Echo, InScope, Responded, ResponseHead, TurnedAway, Wait};
use pin_project_lite::pin_project;

use crate::detach::Polling;
use crate::head::{self, REQUEST_ID};
use crate::routes::Routed;

pin_project! {
    /// The future of a response of [`AuditService`](crate::service::AuditService).
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F, B> {
        #[pin]
        step: Step<F, B>,
    }
}

pin_project! {
    #[project = StepProjection]
    enum Step<F, B> {
        /// The inner service runs. Fields are dropped in this order: first the handler, then the exchange, which
        /// finishes what the handler's end has staged. The request id is as it came.
        Running { #[pin] inner: InScope<F>, routed: Routed, request_id: Option<HeaderValue> },
        /// The response is held until its events are as safe as was asked for.
        Waiting { response: Option<Result<ServiceResponse<B>, Error>>, wait: Wait },
        /// Another middleware outside of this one does the work.
        Through { #[pin] inner: F },
        /// The request was turned away.
        Unavailable { why: TurnedAway },
    }
}

impl<F, B> ResponseFuture<F, B> {
    pub(crate) fn run(inner: InScope<F>, routed: Routed, request_id: Option<HeaderValue>) -> Self {
        Self { step: Step::Running { inner, routed, request_id } }
    }

    pub(crate) fn through(inner: F) -> Self {
        Self { step: Step::Through { inner } }
    }

    pub(crate) fn unavailable(why: TurnedAway) -> Self {
        Self { step: Step::Unavailable { why } }
    }
}

impl<F, B> Future for ResponseFuture<F, B>
where
    F: Future<Output = Result<ServiceResponse<B>, Error>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // Requests stay on their thread.
        let _polling = Polling::begin();
        let mut this = self.project();
        loop {
            let next = match this.step.as_mut().project() {
                StepProjection::Through { inner } => return inner.poll(cx),
                StepProjection::Unavailable { why } => {
                    return Poll::Ready(Err(Unavailable(why.clone()).into()));
                }
                StepProjection::Waiting { response, wait } => {
                    // What the wait came to is counted by the exchange; the response goes out either way.
                    ready!(wait.as_mut().poll(cx)).ok();
                    match response.take() {
                        Some(response) => return Poll::Ready(response),
                        None => return Poll::Pending,
                    }
                }
                StepProjection::Running { inner, routed, request_id } => {
                    let Routed { exchange, routes } = routed;
                    let mut response = ready!(routes.enter(|| exchange.step(|| inner.poll(cx))));
                    match respond(routed, &mut response, request_id) {
                        Some(wait) => Step::Waiting { response: Some(response), wait },
                        None => return Poll::Ready(response),
                    }
                }
            };
            this.step.set(next);
        }
    }
}

/// An inner middleware may answer with an error: actix makes a response of it further out, so its status counts.
fn respond<B>(
    routed: &mut Routed,
    response: &mut Result<ServiceResponse<B>, Error>,
    request_id: &mut Option<HeaderValue>,
) -> Option<Wait> {
    let Responded { request_id: echo, wait } = match &*response {
        Ok(response) => {
            let headers = response.headers();
            let header = |asked| {
                let value = match asked {
                    Asked::ContentType => headers.get(CONTENT_TYPE),
                    Asked::GrpcStatus => headers.get("grpc-status"),
                    Asked::RequestId => headers.get(REQUEST_ID),
                };
                value.map(HeaderValue::as_bytes)
            };
            // Before the call the pattern is a guess: it is none for an encoded path, and of another path than the
            // routed one where a middleware inside normalises it.
            let request = response.request();
            let seen = ResponseHead::new(response.status().as_u16(), &header);
            routed.exchange.respond(seen.routed(&|| head::route(request), request.path()))
        }
        Err(error) => {
            let status = error.as_response_error().status_code().as_u16();
            routed.say();
            routed.exchange.respond(ResponseHead::new(status, &|_| None))
        }
    };
    let echo = match echo {
        Echo::Nothing => None,
        Echo::Inbound => request_id.take(),
        Echo::Minted(id) => HeaderValue::try_from(id).ok(),
    };
    if let (Ok(response), Some(id)) = (response, echo)
        && !response.headers().contains_key(REQUEST_ID)
    {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    wait
}

/// actix makes the response of it.
#[derive(Debug)]
struct Unavailable(TurnedAway);

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl ResponseError for Unavailable {
    fn status_code(&self) -> StatusCode {
        StatusCode::SERVICE_UNAVAILABLE
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::ServiceUnavailable();
        response.insert_header((RETRY_AFTER, self.0.retry_after()));
        if let Some(id) = &self.0.request_id {
            response.insert_header((REQUEST_ID, id.as_str()));
        }
        response.finish()
    }
}

impl<F, B> fmt::Debug for ResponseFuture<F, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
