//! Middlewares that stand elsewhere than around everything, for cases with `layers: 0`.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::{ErrorInternalServerError, ErrorRequestTimeout, ErrorServiceUnavailable};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{ServiceConfig, post, resource, scope};
use actix_web::{Error, Scope};
use futures_util::FutureExt;
use lodger_actix::{Actor, AuditMiddleware, Lodger, SetActor};
use lodger_core::capture::Guarantee;

use super::{audited, layer, plain};
use crate::parity::{CurrentUser, World};

/// The last middleware of each scope is the outermost. There is no buffer in actix: each worker is one thread.
pub(super) fn routes(app: &mut ServiceConfig, lodger: &Lodger, world: &World) {
    let audit = || layer(lodger, &world.setup);
    let shared = audit();
    app.service(answers("/buffer-inside").wrap(from_fn(as_grace)).wrap(audit()))
        .service(answers("/buffer-outside").wrap(from_fn(as_grace)).wrap(audit()))
        .service(answers("/shed-inside").wrap(from_fn(nobody_gets_in)).wrap(audit()))
        .service(answers("/shed-outside").wrap(audit()).wrap(from_fn(nobody_gets_in)))
        .service(answers("/timeout-inside").wrap(from_fn(at_once)).wrap(audit()))
        .service(answers("/timeout-outside").wrap(audit()).wrap(from_fn(at_once)))
        .service(answers("/failing-inside").wrap(from_fn(fail)).wrap(audit()))
        .service(answers("/caught-inside").wrap(from_fn(catch_panics)).wrap(audit()))
        .service(answers("/caught-outside").wrap(audit()).wrap(from_fn(catch_panics)))
        .service(answers("/mounted").wrap(audit()))
        .service(answers("/two").wrap(inner(world)).wrap(audit()))
        .service(answers("/twins/a").wrap(shared.clone()))
        .service(answers("/twins/b").wrap(shared))
        .service(
            scope("/one")
                .service(resource("/answers/{status}").route(post().to(audited::answer)).wrap(audit()))
                .service(resource("/bare").route(post().to(plain::answer))),
        )
        .service(resource("/method/answers/{status}").route(post().to(audited::answer).wrap(audit())));
}

fn answers(prefix: &str) -> Scope {
    scope(prefix)
        .service(resource("/answers/{status}").route(post().to(audited::answer)))
        .service(resource("/transfers/{how}").route(post().to(audited::transfer)))
        .service(resource("/panics/{when}").route(post().to(audited::panics)))
        .service(resource("/who/nobody").route(post().to(audited::who_nobody)))
        .service(resource("/bare").route(post().to(plain::answer)))
}

/// A middleware with another client, which stands inside of the usual one.
fn inner(world: &World) -> AuditMiddleware {
    AuditMiddleware::new(world.other.clone())
        .guarantee(Guarantee::Delivered)
        .on_always()
        .tenant("elsewhere")
        .rule("POST /two/bare", "bare.post")
        .actor(|request| request.headers().get("x-key").and_then(|key| key.to_str().ok()).map(Actor::service))
}

type Answer = Result<ServiceResponse<BoxBody>, Error>;

/// Authenticates between the audit middleware and the handler.
async fn as_grace(request: ServiceRequest, next: Next<impl MessageBody + 'static>) -> Answer {
    request.set_actor(&CurrentUser { id: "grace".to_owned() });
    Ok(next.call(request).await?.map_into_boxed_body())
}

async fn nobody_gets_in(_: ServiceRequest, _: Next<impl MessageBody + 'static>) -> Answer {
    Err(ErrorServiceUnavailable("nobody gets in"))
}

async fn at_once(request: ServiceRequest, next: Next<impl MessageBody + 'static>) -> Answer {
    let answer = tokio::time::timeout(Duration::ZERO, next.call(request)).await;
    let answer = answer.map_err(|_| ErrorRequestTimeout("too slow"))?;
    Ok(answer?.map_into_boxed_body())
}

async fn catch_panics(request: ServiceRequest, next: Next<impl MessageBody + 'static>) -> Answer {
    let answer = AssertUnwindSafe(next.call(request)).catch_unwind().await;
    Ok(answer.map_err(|_| ErrorInternalServerError("panicked"))??.map_into_boxed_body())
}

/// The handler's answer is lost on its way.
async fn fail(request: ServiceRequest, next: Next<impl MessageBody + 'static>) -> Answer {
    next.call(request).await?;
    Err(ErrorInternalServerError("lost on its way"))
}
