//! A ready route that makes activity tokens.

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, HeaderValue};
use actix_web::{HttpResponse, ResponseError as _, Route, web};
use lodger_core::client::{ActivityAnswer, ActivityTokens};

use crate::{Audit, MissingMiddleware};

/// A route that makes an activity token of the Lodger API for whoever is signed in, for a page or an app that then shows the
/// activity: `POST` it, and get `token`, `activityUrl` and `expiresAt`.
///
/// Whose activity it is, is read from nothing that the request says: it is the actor whom your authentication named
/// ([`set_actor`](crate::set_actor()), [`SetActor`](crate::SetActor)) or the middleware's resolver found, and [`ActivityTokens`]
/// says what it answers to whom. Outside of an [`AuditMiddleware`](crate::AuditMiddleware) it answers 500 with a text that says
/// what to do, and makes no token.
///
/// ```
/// use actix_web::{App, web};
/// use lodger_actix::lodger_core::service::lodger::LodgerApi;
/// use lodger_actix::{
///     Actor, ActivityTokens, AuditMiddleware, Lodger, MemoryDestination, ToActor, activity_token_route,
/// };
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
/// let tokens = ActivityTokens::new(api); // once, outside of the factory of the workers' apps
/// let app = App::new()
///     .service(web::resource("/me/activity-token").route(activity_token_route(tokens)))
///     .wrap(AuditMiddleware::new(lodger).actor_ext::<CurrentUser>());
/// # Ok(())
/// # }
/// ```
///
/// # Why POST
///
/// Each call makes a token. A `GET` could be made again by caches and prefetching, and be caused by any link; a resource answers it
/// 405. A foreign page can make a browser send the `POST` with its cookies, unless they are `SameSite`, but it can't read the token
/// that comes back, unless your CORS rules let it: don't allow foreign origins here.
///
/// # Audit
///
/// The route records nothing by itself. It changes nothing of yours, but hands out access: a rule,
/// `.rule("POST /me/activity-token", "activity_token.create")`, records each time. Without one, the alarm for
/// [`unaudited`](crate::AuditMiddleware::unaudited) changes counts it.
pub fn activity_token_route(tokens: impl Into<ActivityTokens>) -> Route {
    let tokens = tokens.into();
    web::post().to(move |audit: Option<Audit>| {
        let tokens = tokens.clone();
        async move {
            let mut response = match audit {
                Some(audit) => response(tokens.answer(audit.scope()).await),
                None => MissingMiddleware.error_response(),
            };
            response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response
        }
    })
}

fn response(answer: ActivityAnswer) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    for header in answer.headers {
        response.insert_header(header);
    }
    response.body(answer.body)
}
