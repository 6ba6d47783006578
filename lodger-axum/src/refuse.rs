//! What a layer does with a request whose event can't be kept.

use http::header::{HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};
use lodger_core::capture::{Exchange, TurnedAway};

use crate::head::REQUEST_ID;

/// The default of a layer: every request runs, whatever becomes of its event.
#[derive(Debug, Clone, Copy)]
pub struct FailOpen;

/// After [`AuditLayer::fail_closed`](crate::AuditLayer::fail_closed): a change whose event can't be kept is answered
/// 503. That answer has an empty body, so the response's body type must be `Default`.
#[derive(Debug, Clone, Copy)]
pub struct FailClosed;

/// Whether a request may run: [`FailOpen`] around any service, [`FailClosed`] around those whose response body is
/// `Default`.
#[diagnostic::on_unimplemented(
    message = "`AuditLayer::fail_closed()` answers 503 with an empty body, and `{R}` can't be empty: it is not `Default`",
    note = "put the audit layer inside of the layer that makes this body (tower-http's `TraceLayer`, for one), or on the \
            router in a `.layer(..)` of its own"
)]
pub trait Admit<R>: sealed::Sealed {
    /// Holds a place for the request's event, or makes the response that turns it away.
    #[doc(hidden)]
    fn admit(exchange: &mut Exchange) -> Result<(), Response<R>>;
}

impl<R> Admit<R> for FailOpen {
    fn admit(_: &mut Exchange) -> Result<(), Response<R>> {
        Ok(())
    }
}

impl<R: Default> Admit<R> for FailClosed {
    fn admit(exchange: &mut Exchange) -> Result<(), Response<R>> {
        exchange.admit().map_err(|why| turned_away(&why))
    }
}

fn turned_away<R: Default>(why: &TurnedAway) -> Response<R> {
    let mut response = Response::new(R::default());
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(why.retry_after()));
    if let Some(id) = why.request_id.as_deref().and_then(|id| HeaderValue::try_from(id).ok()) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

mod sealed {
    /// Only the two modes of this file.
    pub trait Sealed {}

    impl Sealed for super::FailOpen {}
    impl Sealed for super::FailClosed {}
}
