//! The service on actix. `app_axum` is the same, line by line.

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

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig, delete, get, post, put, resource, scope};
use actix_web::{FromRequest, HttpRequest, HttpResponse, ResponseError};
use lodger_actix::{Actor, AuditMiddleware, Lodger};

use super::{ApiError, ApiKey, CurrentUser, On, Resolver, Setup, World};

pub use audited::work;
pub use serve::serve;

fn app(app: &mut ServiceConfig, lodger: &Lodger, world: &World) {
    app.configure(routes)
        .configure(paths::routes)
        .configure(streams::routes)
        .configure(detached::routes)
        .configure(forms::routes)
        .configure(inner::routes)
        .configure(|app| stacks::routes(app, lodger, world));
    if world.setup.fallback {
        app.default_service(web::to(paths::astray));
    }
}

fn routes(app: &mut ServiceConfig) {
    let members = scope("/orgs")
        .service(resource("/{id}/members").route(post().to(audited::add_member)))
        .service(resource("/{org}/members/{member_id}").route(delete().to(audited::remove_member)))
        .service(resource("/{org}/teams/{t}").route(delete().to(audited::delete_team)));
    let invoice = resource("/invoices/{id}")
        .route(get().to(plain::read))
        .route(put().to(audited::update))
        .route(delete().to(audited::remove));
    app.service(resource("/answers/{status}").route(post().to(audited::answer)))
        .service(resource("/replies/{status}").route(post().to(audited::reply)))
        .service(resource("/boxes/{status}").route(post().to(audited::open_box)))
        .service(resource("/denials/{status}").route(post().to(audited::deny)))
        .service(resource("/invoices").route(post().to(audited::create)))
        .service(invoice)
        .service(resource("/reports/{id}").route(get().to(audited::report)))
        .service(resource("/counters/{id}").route(post().to(audited::count)))
        .service(resource("/panics/{when}").route(post().to(audited::panics)))
        .service(resource("/transfers/{how}").route(post().to(audited::transfer)))
        .service(resource("/who/nobody").route(post().to(audited::who_nobody)))
        .service(resource("/who/argument").route(post().to(audited::who_argument)))
        .service(resource("/who/extension").route(post().to(audited::who_extension)))
        .service(resource("/who/body").route(post().to(audited::who_body)))
        .service(resource("/who/argument-and-body").route(post().to(audited::who_argument_and_body)))
        .service(resource("/who/two").route(post().to(audited::who_two)))
        .service(resource("/who/same").route(post().to(audited::who_same)))
        .service(resource("/who/attribute").route(post().to(audited::who_attribute)))
        .service(resource("/who/audit").route(post().to(audited::who_audit)))
        .service(resource("/who/scope").route(post().to(audited::who_scope)))
        .service(resource("/named/attribute").route(post().to(audited::named_attribute)))
        .service(resource("/named/bare").route(post().to(audited::named_bare)))
        .service(resource("/named/argument/{x}/send").route(post().to(audited::named_argument)))
        .service(resource("/named/body").route(post().to(audited::named_body)))
        .service(resource("/named/audit").route(post().to(audited::named_audit)))
        .service(resource("/accounts/{id}").route(post().to(audited::account)))
        .service(resource("/described").route(post().to(audited::described)))
        .service(resource("/further").route(post().to(audited::further)))
        .service(resource("/discarded").route(post().to(audited::discarded)))
        .service(resource("/files/{path}*").route(delete().to(audited::delete_file)))
        .service(scope("/api").service(members))
        .service(resource(r"/numbers/{n:\d+}").route(delete().to(plain::answer)))
        .service(resource("/members/{id}").route(delete().to(plain::answer)))
        .service(resource("/things/{id}").route(post().to(plain::answer)))
        .service(resource("/things/{id}/{rest}*").route(post().to(plain::answer)))
        .service(resource("/bare").route(post().to(plain::answer)).route(get().to(plain::answer)))
        .service(resource("/stamped").route(get().to(plain::stamped)))
        .service(resource("/extracted").route(post().to(plain::extracted)))
        .service(resource("/ledgers/{how}").route(post().to(plain::ledger)))
        .service(resource("/spawned").route(post().to(plain::spawned)));
}

fn layer(lodger: &Lodger, setup: &Setup) -> AuditMiddleware {
    let mut layer = AuditMiddleware::new(lodger.clone())
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
            request.headers().get("x-key").and_then(|key| key.to_str().ok()).map(Actor::service)
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

impl FromRequest for CurrentUser {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::authenticate(header(request, "x-auth")))
    }
}

impl FromRequest for ApiKey {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(header(request, "x-key").map(|key| Self(key.to_owned())).ok_or(ApiError(401)))
    }
}

fn header<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    request.headers().get(name).and_then(|value| value.to_str().ok())
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.0).unwrap()
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.status_code()).body(self.to_string())
    }
}
