//! How authentication says who acts.

use http::request::Parts;
use http::{Extensions, Request};
use lodger_core::event::{Actor, ToActor};

use crate::extract::Slot;

/// Says who acts, on a request. Works outside and inside of the layer, so the order of layers doesn't matter.
///
/// ```
/// use axum::extract::Request;
/// use axum::middleware::Next;
/// use axum::response::Response;
/// use lodger_axum::{Actor, SetActor};
///
/// async fn authenticate(mut request: Request, next: Next) -> Response {
///     // … after the credentials were checked:
///     request.set_actor(&Actor::user("ada"));
///     next.run(request).await
/// }
/// ```
pub trait SetActor {
    /// Says who acts. The last word counts.
    fn set_actor(&mut self, actor: &(impl ToActor + ?Sized));
}

impl<B> SetActor for Request<B> {
    fn set_actor(&mut self, actor: &(impl ToActor + ?Sized)) {
        store(self.extensions_mut(), actor.to_actor());
    }
}

impl SetActor for Parts {
    fn set_actor(&mut self, actor: &(impl ToActor + ?Sized)) {
        store(&mut self.extensions, actor.to_actor());
    }
}

fn store(extensions: &mut Extensions, actor: Actor) {
    match extensions.get_mut() {
        Some(Slot::Scope(scope)) => scope.set_actor(actor),
        Some(Slot::Actor(stored)) => *stored = actor,
        None => _ = extensions.insert(Slot::Actor(actor)),
    }
}
