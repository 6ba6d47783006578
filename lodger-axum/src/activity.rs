//! A ready route that makes activity tokens.

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, post};
use http::header::CACHE_CONTROL;
use http::{HeaderValue, StatusCode};
use lodger_core::client::{ActivityAnswer, ActivityTokens};

use crate::{Audit, MissingLayer};

/// A route that makes an activity token of the Lodger API for whoever is signed in, for a page or an app that then shows the
/// activity: `POST` it, and get `token`, `activityUrl` and `expiresAt`.
///
/// Whose activity it is, is read from nothing that the request says: it is the actor whom your authentication named
/// ([`set_actor`](crate::set_actor()), [`SetActor`](crate::SetActor)) or the layer's resolver found, and [`ActivityTokens`] says
/// what it answers to whom. Outside of an [`AuditLayer`](crate::AuditLayer) it answers 500 with a text that says what to do, and
/// makes no token.
///
/// ```
/// use axum::Router;
/// use lodger_axum::lodger_core::service::lodger::LodgerApi;
/// use lodger_axum::{Actor, AuditLayer, Lodger, MemoryDestination, ToActor, activity_token_route};
///
/// #[derive(Clone)]
/// struct CurrentUser { id: String } // what your authentication puts into the request's extensions
///
/// impl ToActor for CurrentUser {
///     fn to_actor(&self) -> Actor { Actor::user(&self.id) }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = tempfile::tempdir()?;
/// # let lodger = Lodger::builder().destination(MemoryDestination::new()).journal_dir(directory.path()).build()?;
/// let api = LodgerApi::builder("org_01JZ2M9E7G6D8R5K3D", "core").api_key("lodger_sk_1").build()?;
/// let app: Router = Router::new()
///     .route("/me/activity-token", activity_token_route(api))
///     .layer(AuditLayer::new(lodger).actor_ext::<CurrentUser>());
/// # Ok(())
/// # }
/// ```
///
/// # Why POST
///
/// Each call makes a token. A `GET` could be made again by caches and prefetching, and be caused by any link; it is answered 405.
/// A foreign page can make a browser send the `POST` with its cookies, unless they are `SameSite`, but it can't read the token
/// that comes back, unless your CORS rules let it: don't allow foreign origins here.
///
/// # Audit
///
/// The route records nothing by itself. It changes nothing of yours, but hands out access: a rule,
/// `.rule("POST /me/activity-token", "activity_token.create")`, records each time. Without one, the alarm for
/// [`unaudited`](crate::AuditLayer::unaudited) changes counts it.
pub fn activity_token_route<S>(tokens: impl Into<ActivityTokens>) -> MethodRouter<S>
where
    S: Clone + Send + Sync + 'static,
{
    let tokens = tokens.into();
    post(move |audit: Option<Audit>| async move {
        let mut response = match audit {
            Some(audit) => response(tokens.answer(audit.scope()).await),
            None => MissingLayer.into_response(),
        };
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    })
}

fn response(answer: ActivityAnswer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let response = answer
        .headers
        .into_iter()
        .fold(Response::builder().status(status), |response, (name, value)| response.header(name, value));
    response.body(Body::from(answer.body)).unwrap_or_else(|error| {
        tracing::error!(target: "lodger", %error, "the answer of the activity route can't be sent");
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        response
    })
}
