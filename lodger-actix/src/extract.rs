//! The extractor.

use std::fmt;
use std::future::{Ready, ready};
use std::ops::Deref;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, ResponseError};
use lodger_core::capture::{self, Scope};

/// The scope of a request, in its extensions. The only thing this crate puts there.
#[derive(Clone)]
pub(crate) struct ScopeSlot(pub(crate) Arc<Scope>);

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
        let scope =
            request.extensions().get::<ScopeSlot>().map(|slot| Arc::clone(&slot.0)).or_else(capture::current);
        ready(scope.map(|scope| Audit(capture::Audit::of(scope))).ok_or_else(|| MissingMiddleware.into()))
    }
}
