//! Audit logging for actix-web services: one middleware, one attribute, and every change leaves a durable event.
//!
//! ```
//! use actix_web::web::{Path, ReqData};
//! use actix_web::{App, HttpResponse, delete};
//! use lodger_actix::{Actor, AuditMiddleware, Lodger, MemoryDestination, ToActor, audited};
//!
//! #[derive(Clone)]
//! struct CurrentUser { id: String } // what your authentication puts into the request's extensions
//!
//! impl ToActor for CurrentUser {
//!     fn to_actor(&self) -> Actor { Actor::user(&self.id) }
//! }
//!
//! #[audited("invoice.delete")]
//! #[delete("/invoices/{id}")]
//! async fn remove(user: ReqData<CurrentUser>, id: Path<u64>) -> actix_web::Result<HttpResponse> {
//!     Ok(HttpResponse::NoContent().finish())
//! }
//!
//! # let directory = tempfile::tempdir()?;
//! let lodger = Lodger::builder()
//!     .destination(MemoryDestination::new()) // or Lodger::from_env()
//!     .journal_dir(directory.path())
//!     .build()?;
//! let app = App::new().wrap(AuditMiddleware::new(lodger)).service(remove);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What has to be said
//!
//! - **Who your users are:** one `impl ToActor`. Authentication may also say it, with [`SetActor::set_actor`] on the
//!   request or [`set_actor`] anywhere in its scope, outside or inside of the middleware.
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
//! # Tests
//!
//! With feature `testing`, `lodger_actix::testing::capture()` captures what a test's requests record, for `assert_audited!`; its
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
extern crate self as lodger_actix;

#[cfg(feature = "http")]
mod activity;
mod actor;
mod detach;
mod extract;
mod future;
mod head;
mod middleware;
#[doc(hidden)]
pub mod probe;
mod routes;
mod service;
mod spawn;
#[cfg(feature = "testing")]
pub mod testing;

/// What generated code calls. Not part of the public interface: it changes with the attribute.
#[doc(hidden)]
pub mod rt {
    pub use lodger_core::rt::*;

    pub use crate::detach::detach;
    pub use crate::probe;
}

#[cfg(feature = "http")]
pub use activity::activity_token_route;
pub use actor::SetActor;
pub use extract::{Audit, MissingMiddleware};
pub use future::ResponseFuture;
pub use middleware::AuditMiddleware;
pub use service::AuditService;
pub use spawn::{spawn, spawn_blocking};

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
pub use lodger_macros::audited_actix as audited;

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
