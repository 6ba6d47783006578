//! The layer: its settings.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use http::{Extensions, HeaderMap, Method, Uri};
use lodger_core::Lodger;
use lodger_core::capture::{Checked, Settings};
use lodger_core::event::{Actor, ToActor};
use tower_layer::Layer;

use crate::refuse::{FailClosed, FailOpen};
use crate::service::AuditService;

/// What a resolver sees of a request.
#[derive(Debug)]
#[non_exhaustive]
pub struct RequestView<'a> {
    /// The method.
    pub method: &'a Method,
    /// The URI.
    pub uri: &'a Uri,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The extensions, as they are when the request reaches the layer.
    pub extensions: &'a Extensions,
}

/// Finds the actor of a request that nothing else names.
pub(crate) type Resolver = Arc<dyn Fn(&RequestView<'_>) -> Option<Actor> + Send + Sync>;

/// Captures what the requests of an application change.
///
/// Put it on the router with [`Router::layer`](axum::Router::layer), outside or inside of authentication. It works
/// around any `Service<http::Request<_>>`, also one of hyper or tonic (see the [crate's page](crate)); inside of a router
/// it also knows the route.
///
/// ```
/// use axum::{Router, routing::put};
/// use lodger_axum::{AuditLayer, Lodger, audited, MemoryDestination};
///
/// #[audited("invoice.update")]
/// async fn update() -> &'static str { "done" }
///
/// # let directory = tempfile::tempdir().unwrap();
/// let lodger = Lodger::builder()
///     .destination(MemoryDestination::new())
///     .journal_dir(directory.path())
///     .build()?;
/// let app: Router = Router::new().route("/invoices/{id}", put(update)).layer(AuditLayer::new(lodger));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Panics
///
/// Applying a layer whose settings can't work panics at start-up, with every problem in the text;
/// [`build`](Self::build) reports the same as an error. A response that waits for its events needs the timer of tokio's
/// runtime (`enable_time`, which `#[tokio::main]` and actix-web switch on).
#[derive(Clone)]
#[must_use = "put the layer on the router with `Router::layer`"]
pub struct AuditLayer<M = FailOpen> {
    // A router clones its layers for each request.
    settings: Arc<Settings>,
    checked: Checked,
    resolvers: Arc<[Resolver]>,
    mode: PhantomData<M>,
}

lodger_core::__layer_settings!(AuditLayer<M>);

impl AuditLayer {
    /// A layer with the default settings, whose events go to `lodger`.
    pub fn new(lodger: Lodger) -> Self {
        Self {
            settings: Arc::new(Settings::new(lodger.sink())),
            checked: Checked::default(),
            resolvers: Arc::from([]),
            mode: PhantomData,
        }
    }
}

impl<M> AuditLayer<M> {
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
    /// limit on bodies, outside of this layer, is what frees the room that many addresses hold together.
    ///
    /// The answer has an empty body, so the response's body type must be [`Default`]: that of axum, tonic and
    /// `http-body-util` is. Around a service whose body is not, such as tower-http's `TraceLayer`, put the layer inside
    /// of it, or on the router in a `.layer(..)` of its own.
    ///
    /// It changes the layer's type. Where the configuration decides, decide where the layer is applied:
    ///
    /// ```
    /// # use axum::Router;
    /// # use lodger_axum::AuditLayer;
    /// fn audited(app: Router, audit: AuditLayer, strict: bool) -> Router {
    ///     if strict { app.layer(audit.fail_closed()) } else { app.layer(audit) }
    /// }
    /// ```
    pub fn fail_closed(self) -> AuditLayer<FailClosed> {
        let Self { settings, checked, resolvers, mode: _ } = self.set(Settings::fail_closed);
        AuditLayer { settings, checked, resolvers, mode: PhantomData }
    }

    /// Looks for the actor in the request's extensions, where nothing else names one. Authentication outside of this
    /// layer puts it there; authentication inside of it calls [`set_actor`](crate::set_actor).
    pub fn actor_ext<T: ToActor + Send + Sync + 'static>(self) -> Self {
        self.actor(|request| request.extensions.get::<T>().map(ToActor::to_actor))
    }

    /// Looks for the actor with `resolver`, where nothing else names one. It runs when the request comes in, so it
    /// should be cheap. Several resolvers are asked in turn.
    pub fn actor(
        mut self,
        resolver: impl Fn(&RequestView<'_>) -> Option<Actor> + Send + Sync + 'static,
    ) -> Self {
        let resolver: Resolver = Arc::new(resolver);
        self.resolvers = self.resolvers.iter().cloned().chain([resolver]).collect();
        self
    }
}

impl<S, M> Layer<S> for AuditLayer<M> {
    type Service = AuditService<S, M>;

    fn layer(&self, inner: S) -> Self::Service {
        AuditService::new(inner, self.checked.policy_or_panic(&self.settings), Arc::clone(&self.resolvers))
    }
}

impl<M> fmt::Debug for AuditLayer<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditLayer").field("settings", &self.settings).finish_non_exhaustive()
    }
}
