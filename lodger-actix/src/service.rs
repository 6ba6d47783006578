//! The service: one request in, one response out.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse};
use actix_web::{Error, HttpMessage};
use lodger_core::capture::{Entry, Exchange, Policy};

use crate::actor;
use crate::extract::ScopeSlot;
use crate::future::ResponseFuture;
use crate::head::CapturedHead;
use crate::middleware::Resolver;

/// The service that [`AuditMiddleware`](crate::AuditMiddleware) makes.
pub struct AuditService<S> {
    inner: S,
    policy: Arc<Policy>,
    resolvers: Arc<[Resolver]>,
}

impl<S> AuditService<S> {
    pub(crate) fn new(inner: S, policy: Arc<Policy>, resolvers: Arc<[Resolver]>) -> Self {
        Self { inner, policy, resolvers }
    }

    /// What is known of the actor before anything inside of the middleware runs.
    fn entry(&self, request: &ServiceRequest) -> Entry {
        let actor = actor::take_stored(&mut request.extensions_mut());
        let resolved = self.resolvers.iter().find_map(|resolver| resolver(request));
        Entry { actor, resolved }
    }
}

impl<S, B> Service<ServiceRequest> for AuditService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Future = ResponseFuture<S::Future, B>;

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let entry = self.entry(&request);
        let outer = request.extensions().get::<ScopeSlot>().cloned();
        if let Some(slot) = outer {
            Exchange::enrich(&slot.0, &self.policy, entry);
            return ResponseFuture::through(self.inner.call(request));
        }
        let head = CapturedHead::of(&request, self.policy.headers());
        let place = match Exchange::admit(&self.policy, &head) {
            Ok(place) => place,
            Err(why) => return ResponseFuture::unavailable(why),
        };
        let mut exchange = Exchange::begin(&self.policy, Box::new(head), entry, place);
        let scope = Arc::clone(exchange.scope());
        request.extensions_mut().insert(ScopeSlot(Arc::clone(&scope)));
        // Middleware inside may do its work in `call` already, so the scope is entered here too.
        let future = exchange.step(|| scope.enter(|| self.inner.call(request)));
        ResponseFuture::run(scope.around(future), exchange)
    }
}

impl<S> fmt::Debug for AuditService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditService").finish_non_exhaustive()
    }
}
