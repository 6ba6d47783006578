//! Layers that stand elsewhere than around everything, for cases with `layers: 0`.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use axum::Router;
use axum::error_handling::HandleErrorLayer;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use futures_util::FutureExt;
use lodger_axum::{Actor, AuditLayer, Lodger, SetActor};
use lodger_core::capture::Guarantee;
use tower::buffer::BufferLayer;
use tower::limit::ConcurrencyLimitLayer;
use tower::load_shed::LoadShedLayer;
use tower::load_shed::error::Overloaded;
use tower::timeout::TimeoutLayer;
use tower::timeout::error::Elapsed;
use tower::{BoxError, ServiceBuilder};

use super::{audited, layer, plain};
use crate::parity::{CurrentUser, World};

/// The first layer of each stack is the outermost.
pub(super) fn routes(lodger: &Lodger, world: &World) -> Router<World> {
    let audit = || layer(lodger, &world.setup);
    let caught = || HandleErrorLayer::new(answer_for);
    let buffer = || BufferLayer::<Request>::new(4);
    let nobody_gets_in = || ConcurrencyLimitLayer::new(0);
    let at_once = || TimeoutLayer::new(Duration::ZERO);
    let shared = audit();
    Router::new()
        .nest(
            "/buffer-inside",
            answers().layer(
                ServiceBuilder::new().layer(audit()).layer(caught()).layer(buffer()).map_request(as_grace),
            ),
        )
        .nest(
            "/buffer-outside",
            answers().layer(
                ServiceBuilder::new().layer(caught()).layer(buffer()).layer(audit()).map_request(as_grace),
            ),
        )
        .nest(
            "/shed-inside",
            answers().layer(
                ServiceBuilder::new()
                    .layer(audit())
                    .layer(caught())
                    .layer(LoadShedLayer::new())
                    .layer(nobody_gets_in()),
            ),
        )
        .nest(
            "/shed-outside",
            answers().layer(
                ServiceBuilder::new()
                    .layer(caught())
                    .layer(LoadShedLayer::new())
                    .layer(nobody_gets_in())
                    .layer(audit()),
            ),
        )
        .nest(
            "/timeout-inside",
            answers().layer(ServiceBuilder::new().layer(audit()).layer(caught()).layer(at_once())),
        )
        .nest(
            "/timeout-outside",
            answers().layer(ServiceBuilder::new().layer(caught()).layer(at_once()).layer(audit())),
        )
        .nest(
            "/failing-inside",
            answers().layer(ServiceBuilder::new().layer(caught()).layer(audit()).map_result(fail)),
        )
        .nest(
            "/caught-inside",
            answers().layer(ServiceBuilder::new().layer(audit()).layer(from_fn(catch_panics))),
        )
        .nest(
            "/caught-outside",
            answers().layer(ServiceBuilder::new().layer(from_fn(catch_panics)).layer(audit())),
        )
        .nest_service("/mounted", answers().layer(audit()).with_state(world.clone()))
        .nest("/two", answers().layer(inner(world)).layer(audit()))
        .nest("/twins/a", answers().layer(shared.clone()))
        .nest("/twins/b", answers().layer(shared))
        .nest(
            "/one",
            Router::new()
                .route("/answers/{status}", post(audited::answer))
                .route_layer(audit())
                .route("/bare", post(plain::answer)),
        )
        .route("/method/answers/{status}", post(audited::answer).layer(audit()))
}

fn answers() -> Router<World> {
    Router::new()
        .route("/answers/{status}", post(audited::answer))
        .route("/transfers/{how}", post(audited::transfer))
        .route("/panics/{when}", post(audited::panics))
        .route("/who/nobody", post(audited::who_nobody))
        .route("/bare", post(plain::answer))
}

/// A layer with another client, which stands inside of the usual one.
fn inner(world: &World) -> AuditLayer {
    AuditLayer::new(world.other.clone())
        .guarantee(Guarantee::Delivered)
        .on_always()
        .tenant("elsewhere")
        .rule("POST /two/bare", "bare.post")
        .actor(|request| request.headers.get("x-key").and_then(|key| key.to_str().ok()).map(Actor::service))
}

/// Authenticates in `call`, before any future is polled.
fn as_grace(mut request: Request) -> Request {
    request.set_actor(&CurrentUser { id: "grace".to_owned() });
    request
}

async fn catch_panics(request: Request, next: Next) -> Response {
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    answer.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

/// The handler's answer is lost on its way.
fn fail(_: Result<Response, Infallible>) -> Result<Response, BoxError> {
    Err("lost on its way".into())
}

async fn answer_for(error: BoxError) -> StatusCode {
    if error.is::<Elapsed>() {
        StatusCode::REQUEST_TIMEOUT
    } else if error.is::<Overloaded>() {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::INTERNAL_SERVER_ERROR
    }
}
