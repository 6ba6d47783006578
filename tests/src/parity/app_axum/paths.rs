//! Routes in all the ways in which they can be written, and requests that have none.

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::{any, post};
use lodger_axum::audited;

use crate::parity::{ApiError, CurrentUser, World};

pub(super) fn routes() -> Router<World> {
    let opaque = Router::new().route("/items/{id}", post(take));
    let shop = Router::new().route("/items/{id}", post(take)).fallback(astray);
    let merged = Router::new().route("/merged/items/{id}", post(take));
    Router::new()
        .route("/items/{id}", post(take))
        .route("/stock/items/{id}", post(take))
        .route("/codes/{id}", post(decode))
        .route("/any/items/{id}", any(touch))
        .route("/any/items/", any(touch_all))
        .route("/items/{id}/parts/{*part}", post(take_part))
        .nest_service("/opaque", opaque)
        .nest("/shop", shop)
        .merge(merged)
}

/// Says what it was given, as it was given it.
#[audited("item.take", fields(given = id.as_str()))]
async fn take(_user: CurrentUser, Path(id): Path<String>) -> Result<StatusCode, ApiError> {
    assert!(!id.is_empty(), "the framework matched nothing");
    Ok(StatusCode::NO_CONTENT)
}

/// Takes numbers only: the extractor says so.
#[audited("code.read")]
async fn decode(_user: CurrentUser, _id: Path<u64>) -> Result<StatusCode, ApiError> {
    Ok(StatusCode::NO_CONTENT)
}

/// Takes any method.
#[audited("item.touch")]
async fn touch(_user: CurrentUser, _id: Path<String>) -> Result<StatusCode, ApiError> {
    Ok(StatusCode::NO_CONTENT)
}

#[audited("item.touch_all")]
async fn touch_all(_user: CurrentUser) -> Result<StatusCode, ApiError> {
    Ok(StatusCode::NO_CONTENT)
}

#[audited("item.part.take", target(part = ids.1))]
async fn take_part(_user: CurrentUser, Path(ids): Path<(String, String)>) -> Result<StatusCode, ApiError> {
    assert!(!ids.1.is_empty(), "the framework matched nothing");
    Ok(StatusCode::NO_CONTENT)
}

/// Where no route is.
#[audited("page.seek")]
pub(super) async fn astray(_user: CurrentUser) -> Result<StatusCode, ApiError> {
    Ok(StatusCode::ACCEPTED)
}
