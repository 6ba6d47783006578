//! The service: one request in, one response out.

use std::cell::OnceCell;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse};
use actix_web::{Error, HttpMessage};
use lodger_core::capture::{Exchange, Policy};

use crate::extract::Slot;
use crate::future::ResponseFuture;
use crate::head;
use crate::middleware::Resolver;
use crate::routes::{Routed, Routes};

/// The service that [`AuditMiddleware`](crate::AuditMiddleware) makes.
pub struct AuditService<S> {
    inner: S,
    policy: Arc<Policy>,
    resolvers: Arc<[Resolver]>,
    routes: OnceCell<Routes>,
}

impl<S> AuditService<S> {
    pub(crate) fn new(inner: S, policy: Arc<Policy>, resolvers: Arc<[Resolver]>) -> Self {
        Self { inner, policy, resolvers, routes: OnceCell::new() }
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
        let resolved = self.resolvers.iter().find_map(|resolver| resolver(&request));
        let entered = Slot::entered(&mut request.extensions_mut());
        let actor = match entered {
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
        if let Err(why) = exchange.admit() {
            return ResponseFuture::unavailable(why);
        }
        request.extensions_mut().insert(Slot::Scope(exchange.scope().clone()));
        // Middleware inside may do its work in `call` already, so the scope is entered here too.
        let routes = self.routes.get_or_init(|| Routes::of(&request)).clone();
        let mut routed = Routed { exchange, routes: routes.clone() };
        let inner = routes.enter(|| routed.exchange.call(|| self.inner.call(request)));
        ResponseFuture::run(inner, routed, request_id)
    }
}

impl<S> fmt::Debug for AuditService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditService").finish_non_exhaustive()
    }
}
