//! The extractor.

use std::convert::Infallible;
use std::fmt;
use std::ops::Deref;

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{Extensions, StatusCode};
use lodger_core::capture::{self, Scope};
use lodger_core::event::Actor;

/// What this crate puts into a request's extensions, and the only thing.
#[derive(Clone)]
pub(crate) enum Slot {
    /// Before the layer: the actor that authentication outside of it named.
    Actor(Actor),
    /// From the layer on: the scope of the request.
    Scope(Scope),
}

impl Slot {
    /// What a request brings to the layer: the scope that it has already, or the actor, which is taken out.
    pub(crate) fn entered(extensions: &mut Extensions) -> Option<Self> {
        match extensions.get()? {
            Self::Scope(scope) => Some(Self::Scope(scope.clone())),
            Self::Actor(_) => extensions.remove(),
        }
    }

    /// The scope in these extensions.
    pub(crate) fn scope(extensions: &Extensions) -> Option<&Scope> {
        match extensions.get() {
            Some(Self::Scope(scope)) => Some(scope),
            Some(Self::Actor(_)) | None => None,
        }
    }
}

/// Speaks about the event of the current handler: an extractor around [`capture::Audit`], which has the methods.
///
/// ```
/// use lodger_axum::{Audit, audited};
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

/// The handler asked for [`Audit`] and there is no audit layer around it.
#[derive(Debug, Clone, Copy)]
pub struct MissingLayer;

impl fmt::Display for MissingLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "this handler uses the `Audit` extractor, but no audit layer is around it: \
             add `.layer(lodger_axum::AuditLayer::new(lodger))` to the router",
        )
    }
}

impl std::error::Error for MissingLayer {}

impl IntoResponse for MissingLayer {
    fn into_response(self) -> Response {
        tracing::error!(target: "lodger", "{self}");
        (StatusCode::INTERNAL_SERVER_ERROR, self.to_string()).into_response()
    }
}

fn find(parts: &Parts) -> Option<Audit> {
    let scope = Slot::scope(&parts.extensions).cloned().or_else(capture::current);
    scope.map(|scope| Audit(capture::Audit::of(scope)))
}

impl<S: Sync> FromRequestParts<S> for Audit {
    type Rejection = MissingLayer;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        find(parts).ok_or(MissingLayer)
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Audit {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Option<Self>, Self::Rejection> {
        Ok(find(parts))
    }
}
