//! How authentication says who acts.

use actix_web::dev::{Extensions, ServiceRequest};
use actix_web::{HttpMessage, HttpRequest};
use lodger_core::event::{Actor, ToActor};

use crate::extract::Slot;

/// Says who acts, on a request. Works outside and inside of the middleware, so their order doesn't matter.
///
/// ```
/// use actix_web::body::MessageBody;
/// use actix_web::dev::{ServiceRequest, ServiceResponse};
/// use actix_web::middleware::Next;
/// use lodger_actix::{Actor, SetActor};
///
/// async fn authenticate(
///     request: ServiceRequest,
///     next: Next<impl MessageBody>,
/// ) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
///     // … after the credentials were checked:
///     request.set_actor(&Actor::user("ada"));
///     next.call(request).await
/// }
/// ```
pub trait SetActor {
    /// Says who acts. The last word counts.
    fn set_actor(&self, actor: &(impl ToActor + ?Sized));
}

impl SetActor for ServiceRequest {
    fn set_actor(&self, actor: &(impl ToActor + ?Sized)) {
        let actor = actor.to_actor();
        store(&mut self.extensions_mut(), actor);
    }
}

impl SetActor for HttpRequest {
    fn set_actor(&self, actor: &(impl ToActor + ?Sized)) {
        let actor = actor.to_actor();
        store(&mut self.extensions_mut(), actor);
    }
}

fn store(extensions: &mut Extensions, actor: Actor) {
    match extensions.get_mut() {
        Some(Slot::Scope(scope)) => scope.set_actor(actor),
        Some(Slot::Actor(stored)) => *stored = actor,
        None => _ = extensions.insert(Slot::Actor(actor)),
    }
}
