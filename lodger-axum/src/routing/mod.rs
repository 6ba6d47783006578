//! A [`Router`] that remembers its routes, so that a test can check that each changing one leaves an audit event.
//!
//! It takes the place of `axum::Router` and `axum::routing` where the application lists its routes, and becomes a plain
//! router with [`into_axum`](Router::into_axum). What it remembers is a list of texts, made once at start-up; requests
//! never meet it.
//!
//! ```
//! use axum::extract::Path;
//! use lodger_axum::audited;
//! use lodger_axum::routing::{Router, get, put};
//!
//! #[audited("invoice.update")]
//! async fn update(Path(id): Path<u64>) {}
//! async fn list() {}
//!
//! fn routes() -> Router {
//!     Router::new().nest("/invoices", Router::new().route("/", get(list)).route("/{id}", put(update)))
//! }
//!
//! let app: axum::Router = routes().into_axum();
//! let known: Vec<String> = routes().routes().iter().map(ToString::to_string).collect();
//! assert_eq!(known, ["GET /invoices", "PUT /invoices/{id}"]);
//! ```
//!
//! `lodger_axum::testing::coverage(routes().routes())` (feature `testing`) is the check. Fallbacks have no route and are
//! not part of the list.

mod methods;
mod router;

use std::fmt;

pub use methods::{MethodRouter, any, connect, delete, get, head, options, patch, post, put, trace};
pub use router::Router;

/// One route of a [`Router`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Route {
    /// The method; `*` where the route takes every method, or nobody knows which.
    pub method: &'static str,
    /// The whole path, with the prefixes of the routers it is nested in.
    pub path: String,
    /// The handler's type, for a function its path: `app::invoices::update`. `None` for services.
    pub handler: Option<&'static str>,
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

#[cfg(feature = "testing")]
impl From<Route> for lodger_core::testing::Route {
    fn from(route: Route) -> Self {
        let known = Self::new(route.method, route.path);
        match route.handler {
            Some(handler) => known.handled_by(handler),
            None => known,
        }
    }
}
