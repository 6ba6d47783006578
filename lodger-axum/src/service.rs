//! The service: one request in, one response out.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use lodger_core::capture::{Entry, Exchange, Policy};
use tower_service::Service;

use crate::actor;
use crate::extract::ScopeSlot;
use crate::future::ResponseFuture;
use crate::head::CapturedHead;
use crate::layer::{RequestView, Resolver};
use crate::refuse::{Admit, FailOpen};

/// The service that [`AuditLayer`](crate::AuditLayer) makes.
#[derive(Clone)]
pub struct AuditService<S, M = FailOpen> {
    inner: S,
    policy: Arc<Policy>,
    resolvers: Arc<[Resolver]>,
    mode: PhantomData<M>,
}

impl<S, M> AuditService<S, M> {
    pub(crate) fn new(inner: S, policy: Arc<Policy>, resolvers: Arc<[Resolver]>) -> Self {
        Self { inner, policy, resolvers, mode: PhantomData }
    }

    /// What is known of the actor before anything inside of the layer runs.
    fn entry<B>(&self, request: &mut Request<B>) -> Entry {
        let actor = actor::take_stored(request.extensions_mut());
        let view = RequestView {
            method: request.method(),
            uri: request.uri(),
            headers: request.headers(),
            extensions: request.extensions(),
        };
        let resolved = self.resolvers.iter().find_map(|resolver| resolver(&view));
        Entry { actor, resolved }
    }
}

impl<S, B, R, M> Service<Request<B>> for AuditService<S, M>
where
    S: Service<Request<B>, Response = Response<R>>,
    M: Admit<R>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, R, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let entry = self.entry(&mut request);
        if let Some(slot) = request.extensions().get::<ScopeSlot>() {
            Exchange::enrich(&slot.0, &self.policy, entry);
            return ResponseFuture::through(self.inner.call(request));
        }
        let head = CapturedHead::of(&request, self.policy.headers());
        let place = match M::admit(&self.policy, &head) {
            Ok(place) => place,
            Err(response) => return ResponseFuture::unavailable(response),
        };
        let mut exchange = Exchange::begin(&self.policy, Box::new(head), entry, place);
        let scope = Arc::clone(exchange.scope());
        request.extensions_mut().insert(ScopeSlot(Arc::clone(&scope)));
        // Layers inside may do their work in `call` already, so the scope is entered here too.
        let future = exchange.step(|| scope.enter(|| self.inner.call(request)));
        ResponseFuture::run(scope.around(future), exchange)
    }
}

impl<S, M> fmt::Debug for AuditService<S, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditService").finish_non_exhaustive()
    }
}
