//! The middleware: its settings.

use std::fmt;
use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::{Error, HttpMessage};
use lodger_core::Lodger;
use lodger_core::capture::{Checked, Settings};
use lodger_core::event::{Actor, ToActor};

use crate::service::AuditService;

/// Finds the actor of a request that nothing else names.
pub(crate) type Resolver = Arc<dyn Fn(&ServiceRequest) -> Option<Actor> + Send + Sync>;

/// Captures what the requests of an application change.
///
/// Put it on the application or on a scope with [`App::wrap`](actix_web::App::wrap), outside or inside of
/// authentication.
///
/// ```
/// use actix_web::{App, put};
/// use lodger_actix::{AuditMiddleware, Lodger, MemoryDestination, audited};
///
/// #[audited("invoice.update")]
/// #[put("/invoices/{id}")]
/// async fn update() -> &'static str { "done" }
///
/// # let directory = tempfile::tempdir().unwrap();
/// let lodger = Lodger::builder()
///     .destination(MemoryDestination::new())
///     .journal_dir(directory.path())
///     .build()?;
/// let app = App::new().wrap(AuditMiddleware::new(lodger)).service(update);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Panics
///
/// Applying a middleware whose settings can't work panics at start-up, with every problem in the text;
/// [`build`](Self::build) reports the same as an error. A response that waits for its events needs the timer of tokio's
/// runtime (`enable_time`, which `#[tokio::main]` and actix-web switch on).
#[derive(Clone)]
#[must_use = "put the middleware on the application with `App::wrap`"]
pub struct AuditMiddleware {
    settings: Arc<Settings>,
    checked: Checked,
    resolvers: Arc<[Resolver]>,
}

lodger_core::__layer_settings!(AuditMiddleware);

impl AuditMiddleware {
    /// A middleware with the default settings, whose events go to `lodger`.
    pub fn new(lodger: Lodger) -> Self {
        Self {
            settings: Arc::new(Settings::new(lodger.sink())),
            checked: Checked::default(),
            resolvers: Arc::from([]),
        }
    }

    /// Answers 503 with `Retry-After` to a POST, PUT, PATCH or DELETE, before its handler runs, when no room can be held for
    /// its event in the intake and the journal. Whatever was let in finds that room at its end, however large its event is
    /// (up to 64 KiB) and whatever others record meanwhile; only a disk that fails, or that somebody else fills below the
    /// journal's reserve, can take it away. It is held for one event: further ones of the same request take their chance.
    /// Default: off, requests go before events.
    ///
    /// With several destinations there is room when one that gets every event has it in its share of the journal; the
    /// others may miss the event, which is counted as `refused`. Where all have filters each must have room, since nobody
    /// knows yet which of them the event will be for.
    ///
    /// A request holds its room while its body is still coming. So that nobody takes it all by opening requests and
    /// never ending them, one client address (for IPv6 one /64) is let in only while it holds less than is left to the
    /// others. Behind a proxy that is not among the trusted ones all clients are one address, and have half of it. A time
    /// limit on bodies, outside of this middleware, is what frees the room that many addresses hold together.
    pub fn fail_closed(self) -> Self {
        self.set(Settings::fail_closed)
    }

    /// Looks for the actor in the request's extensions, where nothing else names one. Authentication outside of this
    /// middleware puts it there; authentication inside of it calls [`set_actor`](crate::set_actor).
    pub fn actor_ext<T: ToActor + Send + Sync + 'static>(self) -> Self {
        self.actor(|request| request.extensions().get::<T>().map(ToActor::to_actor))
    }

    /// Looks for the actor with `resolver`, where nothing else names one. It runs when the request comes in, so it
    /// should be cheap. Several resolvers are asked in turn.
    pub fn actor(
        mut self,
        resolver: impl Fn(&ServiceRequest) -> Option<Actor> + Send + Sync + 'static,
    ) -> Self {
        let resolver: Resolver = Arc::new(resolver);
        self.resolvers = self.resolvers.iter().cloned().chain([resolver]).collect();
        self
    }
}

impl<S, B> Transform<S, ServiceRequest> for AuditMiddleware
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Transform = AuditService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, Self::InitError>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        let policy = self.checked.policy_or_panic(&self.settings);
        ready(Ok(AuditService::new(inner, policy, Arc::clone(&self.resolvers))))
    }
}

impl fmt::Debug for AuditMiddleware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditMiddleware").field("settings", &self.settings).finish_non_exhaustive()
    }
}
