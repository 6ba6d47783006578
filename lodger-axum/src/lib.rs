//! Audit logging for axum services: one layer, one attribute, and every change leaves a durable event.
//!
//! ```
//! use axum::{Extension, Router, extract::Path, http::StatusCode, routing::delete};
//! use lodger_axum::{Actor, AuditLayer, Lodger, MemoryDestination, ToActor, audited};
//!
//! #[derive(Clone)]
//! struct CurrentUser { id: String } // what your authentication puts into the request's extensions
//!
//! impl ToActor for CurrentUser {
//!     fn to_actor(&self) -> Actor { Actor::user(&self.id) }
//! }
//!
//! #[audited("invoice.delete")]
//! async fn remove(user: Extension<CurrentUser>, Path(id): Path<u64>) -> Result<StatusCode, StatusCode> {
//!     Ok(StatusCode::NO_CONTENT)
//! }
//!
//! # let directory = tempfile::tempdir()?;
//! let lodger = Lodger::builder()
//!     .destination(MemoryDestination::new()) // or Lodger::from_env()
//!     .journal_dir(directory.path())
//!     .build()?;
//! let app: Router = Router::new().route("/invoices/{id}", delete(remove)).layer(AuditLayer::new(lodger));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What has to be said
//!
//! - **Who your users are:** one `impl ToActor`. Authentication may also say it, with [`SetActor::set_actor`] on the
//!   request or [`set_actor`] anywhere in its scope, outside or inside of the layer.
//! - **Where events go:** [`Lodger::from_env`] reads `LODGER_DESTINATION`: `lodger` (with `LODGER_API_KEY`,
//!   `LODGER_WORKSPACE_ID`, `LODGER_PROJECT_ID`), `https://collector.example/audit` (perhaps with `LODGER_HTTP_TOKEN`),
//!   `store:./data` (feature `store`), `file:./audit.jsonl`, `stdout`.
//! - **What happens:** [`audited`] on each handler or service function that changes something.
//!
//! # Work without a request
//!
//! A worker or a schedule runs its annotated functions in [`Lodger::run_as`], a webhook receiver names the delivery's
//! id as `idempotency_key`. Work that goes on after the response is spawned with [`spawn()`], blocking work with
//! [`spawn_blocking`]. [`Lodger::install`] names
//! the client for code that runs outside of all that.
//!
//! # Without axum's router: hyper, tonic
//!
//! [`AuditLayer`] fits around every `Service<http::Request<_>>` that answers with an `http::Response<_>`, whatever the
//! bodies: a service on plain hyper (`TowerToHyperService`), a tonic server (`Server::builder().layer(..)`), a whole
//! router. Only [`fail_closed`](AuditLayer::fail_closed) asks for more. What only a router or its server knows is then
//! said by you:
//!
//! - **The route.** No path is recorded as one, since whoever calls chooses it. Rules match the path, and the pattern of
//!   the rule stands for the route: `.rule("DELETE /members/{id}", "member.remove")` finds its target anywhere,
//!   `.rule("POST /billing.Invoices/Delete", "invoice.delete")` names a method of gRPC.
//! - **The client's address.** Put [`ConnectInfo`] into the extensions of each request, outside of the layer:
//!
//! ```
//! use std::net::SocketAddr;
//! use axum::http::Request;
//! use lodger_axum::ConnectInfo;
//!
//! /// For hyper: `service.map_request(move |request| with_peer(request, Some(peer)))` for each connection.
//! /// For tonic: `MapRequestLayer` with the `remote_addr()` of the request's `TcpConnectInfo`.
//! fn with_peer<B>(mut request: Request<B>, peer: Option<SocketAddr>) -> Request<B> {
//!     if let Some(peer) = peer {
//!         request.extensions_mut().insert(ConnectInfo(peer));
//!     }
//!     request
//! }
//! ```
//!
//! - **The actor.** An interceptor of tonic stands inside of the layer, so it calls [`set_actor`] or puts the user into
//!   the request's extensions, where `actor = e` of the attribute finds it.
//!
//! The status of a gRPC call comes after its messages, and the response is HTTP 200. An error that is known before any
//! message, as those of interceptors and unary methods are, stands in the response's head: `PERMISSION_DENIED` and
//! `UNAUTHENTICATED` are *denied*, other errors *failure*, with "grpc-status N" as the reason. Everything later the layer
//! can't see: a stream that fails midway is what its function returned. Every call is a POST, so the alarm for
//! [`unaudited`](AuditLayer::unaudited) changes and `fail_closed` mean all methods; to a client, the 503 of
//! `fail_closed` is `UNAVAILABLE`.
//!
//! # Tests
//!
//! With feature `testing`, `lodger_axum::testing::capture()` captures what a test's requests record, for `assert_audited!`; its
//! `coverage(..)` names the changing routes that record nothing. `docs/testing.md` shows how.
//!
//! # The attribute
//!
//! ```text
//! #[audited(ACTION {, item})]         ACTION: "invoice.update" or a path to a const
//! target(KIND = e)   target = e       what it is done to: an id, or anything that is ToTarget
//! related(KIND = e)                   another thing it touches
//! actor = e    tenant = e    idempotency_key = e
//! fields(name, name = e | %e | ?e | secret(e) | pii(e))
//! ok(|value| target(..), related(..), fields(..))      on what the function returned
//! success = |value| bool              where the return type hides a Result
//! on(success, unknown, failure, denied) | on(always)   which outcomes are recorded
//! user_visible   detach   crate = path
//! ```
//!
//! Expressions see the arguments and are evaluated before the body. `=` records a field as `Serialize`, `%` as
//! `Display`, `?` as `Debug`; `secret(e)` keeps a keyed hash, `pii(e)` marks the value as personal. With `detach` the
//! body runs to its end in a task of its own, also when the client leaves. Everything that only the body knows is said
//! on [`Audit`].

#![forbid(unsafe_code)]

#[allow(
    unused_extern_crates,
    reason = "the attribute names its host by path, also in the host's own tests and examples"
)]
extern crate self as lodger_axum;

#[cfg(feature = "http")]
mod activity;
mod actor;
mod extract;
mod future;
mod head;
mod layer;
#[doc(hidden)]
pub mod probe;
mod refuse;
pub mod routing;
mod service;
mod spawn;
#[cfg(feature = "testing")]
pub mod testing;

/// What generated code calls. Not part of the public interface: it changes with the attribute.
#[doc(hidden)]
pub mod rt {
    pub use lodger_core::rt::*;

    pub use crate::probe;
}

#[cfg(feature = "http")]
pub use activity::activity_token_route;
pub use actor::SetActor;
pub use extract::{Audit, MissingLayer};
pub use future::ResponseFuture;
pub use layer::{AuditLayer, RequestView};
pub use refuse::{Admit, FailClosed, FailOpen};
pub use service::AuditService;
pub use spawn::{spawn, spawn_blocking};

/// The peer's address, as axum stores it. A server that is not axum's puts one into the request's extensions.
pub use axum::extract::ConnectInfo;
pub use lodger_core;
pub use lodger_core::MemoryDestination;
pub use lodger_core::capture::client_ip::ProxyHeader;
pub use lodger_core::capture::{Guarantee, LayerError, OutcomeSet, Unaudited, set_actor, set_session};
#[cfg(feature = "http")]
pub use lodger_core::client::ActivityTokens;
pub use lodger_core::client::{BuildError, LodgerBuilder};
pub use lodger_core::event::{Actor, Change, Event, Operation, Outcome, Target, ToActor, ToTarget};
pub use lodger_core::redact::Secret;

/// Records audit events and delivers them; see [`lodger_core::Lodger`].
pub use lodger_core::Lodger;

#[cfg(feature = "macros")]
pub use lodger_macros::audited_axum as audited;

#[cfg(feature = "testing")]
pub use lodger_core::{assert_audited, assert_not_audited};

/// The embedded store.
#[cfg(feature = "store")]
pub use lodger_store as store;

/// Speaks about the event of the code that runs now: like the extractor [`Audit`], for code below the handlers.
/// `None` outside of every request and job.
#[must_use]
pub fn current() -> Option<lodger_core::capture::Audit> {
    lodger_core::capture::Audit::current()
}
