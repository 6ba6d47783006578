//! How authentication says who acts.

use actix_web::dev::{Extensions, ServiceRequest};
use actix_web::{HttpMessage, HttpRequest};
use lodger_core::event::{Actor, ToActor};

use crate::extract::ScopeSlot;

/// The actor that authentication outside of the middleware stored.
#[derive(Clone)]
struct StoredActor(Actor);

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
    match extensions.get::<ScopeSlot>() {
        Some(slot) => slot.0.set_actor(actor),
        None => {
            extensions.insert(StoredActor(actor));
        }
    }
}

/// Takes what was stored before the request reached the middleware.
pub(crate) fn take_stored(extensions: &mut Extensions) -> Option<Actor> {
    extensions.remove::<StoredActor>().map(|stored| stored.0)
}
