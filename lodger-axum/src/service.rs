//! The service: one request in, one response out.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use lodger_core::capture::{Exchange, Policy};
use lodger_core::event::Actor;
use tower_service::Service;

use crate::extract::Slot;
use crate::future::ResponseFuture;
use crate::head;
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

    /// What the layer's resolvers find before anything inside of the layer runs.
    fn resolved<B>(&self, request: &Request<B>) -> Option<Actor> {
        let view = RequestView {
            method: request.method(),
            uri: request.uri(),
            headers: request.headers(),
            extensions: request.extensions(),
        };
        self.resolvers.iter().find_map(|resolver| resolver(&view))
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
        let resolved = self.resolved(&request);
        let actor = match Slot::entered(request.extensions_mut()) {
            Some(Slot::Scope(scope)) => {
                Exchange::enrich(&scope, &self.policy, resolved);
                return ResponseFuture::through(self.inner.call(request));
            }
            Some(Slot::Actor(actor)) => Some(actor),
            None => None,
        };
        let mut request_id = None;
        let mut exchange = Exchange::begin(&self.policy, |kept| request_id = head::keep(&request, kept));
        if let Some(actor) = actor {
            exchange.scope().set_actor(actor);
        }
        if let Some(actor) = resolved {
            exchange.scope().set_resolved(actor);
        }
        if let Err(response) = M::admit(&mut exchange) {
            return ResponseFuture::unavailable(response);
        }
        request.extensions_mut().insert(Slot::Scope(exchange.scope().clone()));
        // Layers inside may do their work in `call` already, so the scope is entered here too.
        let inner = exchange.call(|| self.inner.call(request));
        ResponseFuture::run(inner, exchange, request_id)
    }
}

impl<S, M> fmt::Debug for AuditService<S, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditService").finish_non_exhaustive()
    }
}
