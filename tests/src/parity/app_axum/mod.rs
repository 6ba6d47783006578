//! The service on axum. `app_actix` is the same, line by line.

mod audited;
mod detached;
mod forms;
mod inner;
mod middleware;
mod paths;
mod plain;
mod serve;
mod stacks;
mod streams;

use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use lodger_axum::{Actor, AuditLayer, Lodger};

use super::{ApiError, ApiKey, CurrentUser, On, Resolver, Setup, World};

pub use audited::work;
pub use serve::serve;

fn app(lodger: &Lodger, world: World) -> Router {
    let mut app = routes()
        .merge(paths::routes())
        .merge(streams::routes())
        .merge(detached::routes())
        .merge(forms::routes())
        .merge(inner::routes())
        .merge(stacks::routes(lodger, &world));
    if world.setup.fallback {
        app = app.fallback(paths::astray);
    }
    app = app
        .layer(from_fn_with_state(world.clone(), middleware::pause))
        .layer(from_fn(middleware::turn))
        .layer(from_fn_with_state(world.clone(), middleware::authenticate_inside));
    for _ in 0..world.setup.layers {
        app = app.layer(layer(lodger, &world.setup));
    }
    app.layer(from_fn_with_state(world.clone(), middleware::authenticate_outside)).with_state(world)
}

fn routes() -> Router<World> {
    let members = Router::new()
        .route("/{id}/members", post(audited::add_member))
        .route("/{org}/members/{member_id}", delete(audited::remove_member))
        .route("/{org}/teams/{t}", delete(audited::delete_team));
    Router::new()
        .route("/answers/{status}", post(audited::answer))
        .route("/replies/{status}", post(audited::reply))
        .route("/boxes/{status}", post(audited::open_box))
        .route("/denials/{status}", post(audited::deny))
        .route("/invoices", post(audited::create))
        .route("/invoices/{id}", get(plain::read).put(audited::update).delete(audited::remove))
        .route("/reports/{id}", get(audited::report))
        .route("/counters/{id}", post(audited::count))
        .route("/panics/{when}", post(audited::panics))
        .route("/transfers/{how}", post(audited::transfer))
        .route("/who/nobody", post(audited::who_nobody))
        .route("/who/argument", post(audited::who_argument))
        .route("/who/extension", post(audited::who_extension))
        .route("/who/body", post(audited::who_body))
        .route("/who/argument-and-body", post(audited::who_argument_and_body))
        .route("/who/two", post(audited::who_two))
        .route("/who/same", post(audited::who_same))
        .route("/who/attribute", post(audited::who_attribute))
        .route("/who/audit", post(audited::who_audit))
        .route("/who/scope", post(audited::who_scope))
        .route("/named/attribute", post(audited::named_attribute))
        .route("/named/bare", post(audited::named_bare))
        .route("/named/argument/{x}/send", post(audited::named_argument))
        .route("/named/body", post(audited::named_body))
        .route("/named/audit", post(audited::named_audit))
        .route("/accounts/{id}", post(audited::account))
        .route("/described", post(audited::described))
        .route("/further", post(audited::further))
        .route("/discarded", post(audited::discarded))
        .route("/files/{*path}", delete(audited::delete_file))
        .nest("/api", Router::new().nest("/orgs", members))
        .route("/numbers/{n}", delete(plain::answer))
        .route("/members/{id}", delete(plain::answer))
        .route("/things/{id}", post(plain::answer))
        .route("/things/{id}/{*rest}", post(plain::answer))
        .route("/bare", post(plain::answer).get(plain::answer))
        .route("/stamped", get(plain::stamped))
        .route("/extracted", post(plain::extracted))
        .route("/ledgers/{how}", post(plain::ledger))
        .route("/spawned", post(plain::spawned))
}

fn layer(lodger: &Lodger, setup: &Setup) -> AuditLayer {
    let mut layer = AuditLayer::new(lodger.clone())
        .guarantee(setup.guarantee)
        .unaudited(setup.unaudited)
        .trusted_proxies(setup.trusted_proxies.iter().copied());
    layer = match setup.on {
        On::Default => layer,
        On::Always => layer.on_always(),
        On::These(outcomes) => layer.on(outcomes),
    };
    layer = match setup.resolver {
        Resolver::Nobody => layer,
        Resolver::Extension => layer.actor_ext::<CurrentUser>(),
        Resolver::Header => layer.actor(|request| {
            request.headers.get("x-key").and_then(|key| key.to_str().ok()).map(Actor::service)
        }),
    };
    for (route, action) in setup.rules {
        layer = layer.rule(*route, *action);
    }
    if let Some(cookie) = setup.session_cookie {
        layer = layer.session_cookie(cookie);
    }
    if let Some(tenant) = setup.tenant {
        layer = layer.tenant(tenant);
    }
    layer.build().unwrap()
}

impl<S: Send + Sync> FromRequestParts<S> for CurrentUser {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Self::authenticate(header(parts, "x-auth"))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ApiKey {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        header(parts, "x-key").map(|key| Self(key.to_owned())).ok_or(ApiError(401))
    }
}

fn header<'a>(parts: &'a Parts, name: &str) -> Option<&'a str> {
    parts.headers.get(name).and_then(|value| value.to_str().ok())
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        (StatusCode::from_u16(self.0).unwrap(), self.to_string()).into_response()
    }
}
