//! The kit to test one's own handlers (feature `testing`, for dev-dependencies).
//!
//! ```
//! use axum::body::Body;
//! use axum::extract::Path;
//! use axum::http::Request;
//! use axum::{Router, routing::put};
//! use lodger_axum::{Actor, AuditLayer, SetActor, assert_audited, audited, testing};
//! use tower::ServiceExt;
//!
//! #[audited("invoice.update")]
//! async fn update(Path(id): Path<u64>) {}
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), std::convert::Infallible> {
//! let audit = testing::capture().strict();
//! let app: Router = Router::new().route("/invoices/{id}", put(update)).layer(AuditLayer::new(audit.lodger()));
//!
//! let mut request = Request::put("/invoices/7").body(Body::empty()).unwrap();
//! request.set_actor(&Actor::user("ada"));
//! app.oneshot(request).await?;
//!
//! assert_audited!(audit, "invoice.update", actor = "ada", target = ("invoice", 7), outcome = success, status = 200);
//! # Ok(())
//! # }
//! ```
//!
//! `docs/testing.md` shows each part at work. [`coverage()`] takes the routes of a
//! [`routing::Router`](crate::routing::Router).

pub use lodger_core::testing::{
    Arrival, Captured, Coverage, Expected, Layered, MisbehavingDestination, Misbehaviour, Route, capture,
    capture_with, catalog, coverage, openapi_routes,
};
pub use lodger_core::{assert_audited, assert_not_audited};
