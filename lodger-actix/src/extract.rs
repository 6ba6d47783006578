//! The extractor.

use std::fmt;
use std::future::{Ready, ready};
use std::ops::Deref;

use actix_web::dev::{Extensions, Payload};
use actix_web::http::StatusCode;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, ResponseError};
use lodger_core::capture::{self, Scope};
use lodger_core::event::Actor;

use crate::head;

/// What this crate puts into a request's extensions, and the only thing.
pub(crate) enum Slot {
    /// Before the middleware: the actor that authentication outside of it named.
    Actor(Actor),
    /// From the middleware on: the scope of the request.
    Scope(Scope),
}

impl Slot {
    /// What a request brings to the middleware: the scope that it has already, or the actor, which is taken out.
    pub(crate) fn entered(extensions: &mut Extensions) -> Option<Self> {
        match extensions.get()? {
            Self::Scope(scope) => Some(Self::Scope(scope.clone())),
            Self::Actor(_) => extensions.remove(),
        }
    }

    /// The scope in these extensions.
    pub(crate) fn scope(extensions: &Extensions) -> Option<Scope> {
        match extensions.get() {
            Some(Self::Scope(scope)) => Some(scope.clone()),
            Some(Self::Actor(_)) | None => None,
        }
    }
}

/// Speaks about the event of the current handler: an extractor around [`capture::Audit`], which has the methods.
///
/// ```
/// use lodger_actix::{Audit, audited};
///
/// #[audited("invoice.update")]
/// async fn update(audit: Audit) -> &'static str {
///     audit.describe("The amount was corrected").metadata("amount", 2900);
///     "done"
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Audit(capture::Audit);

impl Deref for Audit {
    type Target = capture::Audit;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

/// The handler asked for [`Audit`] and there is no audit middleware around it.
#[derive(Debug, Clone, Copy)]
pub struct MissingMiddleware;

impl fmt::Display for MissingMiddleware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "this handler uses the `Audit` extractor, but no audit middleware is around it: \
             add `.wrap(lodger_actix::AuditMiddleware::new(lodger))` to the App",
        )
    }
}

impl std::error::Error for MissingMiddleware {}

impl ResponseError for MissingMiddleware {
    fn status_code(&self) -> StatusCode {
        tracing::error!(target: "lodger", "{self}");
        StatusCode::INTERNAL_SERVER_ERROR
    }
}

impl FromRequest for Audit {
    type Error = Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let scope = Slot::scope(&request.extensions());
        // What is recorded from now on is recorded through this handle, and nobody says the route any more.
        if let Some(over) = scope.as_ref().filter(|scope| scope.is_over()) {
            over.routed(head::route(request), request.path());
        }
        let scope = scope.or_else(capture::current);
        ready(scope.map(|scope| Audit(capture::Audit::of(scope))).ok_or_else(|| MissingMiddleware.into()))
    }
}
