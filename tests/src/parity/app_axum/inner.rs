//! Handlers that call another audited service in the same program, or leave their task.

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{Request, StatusCode};
use axum::routing::post;
use lodger_axum::{Audit, AuditLayer, Lodger, audited, current, set_actor, spawn_blocking};
use lodger_core::capture::Guarantee;
use tower::ServiceExt;

use super::audited::post_entry;
use crate::parity::{ApiError, CurrentUser, World};

pub(super) fn routes() -> Router<World> {
    Router::new()
        .route("/orders", post(order))
        .route("/renders", post(render))
        .route("/batches", post(batch))
        .route("/ledgers", post(blocking))
}

/// Another service, with a client and a layer of its own.
fn stock(lodger: &Lodger) -> Router {
    let layer = AuditLayer::new(lodger.clone()).guarantee(Guarantee::Queued);
    Router::new().route("/items/{id}", post(book)).layer(layer)
}

#[audited("item.book")]
async fn book(_id: Path<String>) -> Result<StatusCode, ApiError> {
    current().unwrap().tag("in the stock");
    Ok(StatusCode::NO_CONTENT)
}

/// Says something before and after the call, so that a case sees whose event it landed in.
#[audited("order.place", target(order = "o1"))]
async fn order(_user: CurrentUser, world: State<World>, audit: Audit) -> Result<StatusCode, ApiError> {
    audit.tag("before");
    let request = Request::post("/items/i7").header("x-request-id", "inner-1").body(Body::empty()).unwrap();
    let response = stock(&world.other).oneshot(request).await.unwrap();
    assert_eq!(response.headers().get("x-request-id").unwrap(), "inner-1");
    current().unwrap().tag("after");
    Ok(response.status())
}

/// Its work is done on another thread, by code that was given the handle.
#[audited("report.render", target(report = "r1"))]
async fn render(_user: CurrentUser, audit: Audit) -> Result<StatusCode, ApiError> {
    let work = move || audit.metadata("pages", 3).event_id().is_some();
    assert!(tokio::task::spawn_blocking(work).await.unwrap(), "the handle has lost its event");
    Ok(StatusCode::NO_CONTENT)
}

/// Its work is done on another thread, by an annotated function.
async fn blocking(user: CurrentUser) -> Result<StatusCode, ApiError> {
    set_actor(&user);
    spawn_blocking(|| post_entry("l1", 200)).await.unwrap()?;
    Ok(StatusCode::NO_CONTENT)
}

/// One event for each thing that it touches.
#[audited("batch.run", target(batch = "b1"))]
async fn batch(_user: CurrentUser) -> Result<StatusCode, ApiError> {
    for entry in ["l1", "l2"] {
        post_entry(entry, 200)?;
    }
    Ok(StatusCode::NO_CONTENT)
}
