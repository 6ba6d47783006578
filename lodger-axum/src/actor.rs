//! How authentication says who acts.

use http::request::Parts;
use http::{Extensions, Request};
use lodger_core::event::{Actor, ToActor};

use crate::extract::ScopeSlot;

/// The actor that authentication outside of the layer stored.
#[derive(Clone)]
struct StoredActor(Actor);

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
    match extensions.get::<ScopeSlot>() {
        Some(slot) => slot.0.set_actor(actor),
        None => {
            extensions.insert(StoredActor(actor));
        }
    }
}

/// Takes what was stored before the request reached the layer.
pub(crate) fn take_stored(extensions: &mut Extensions) -> Option<Actor> {
    extensions.remove::<StoredActor>().map(|stored| stored.0)
}
