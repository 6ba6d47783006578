//! Routes in all the ways in which they can be written, and requests that have none.

use actix_web::HttpResponse;
use actix_web::web::{self, Path, ServiceConfig, post, resource, scope};
use lodger_actix::audited;

use crate::parity::{ApiError, CurrentUser};

pub(super) fn routes(app: &mut ServiceConfig) {
    let opaque = scope("/opaque").service(resource("/items/{id}").route(post().to(take)));
    let shop = scope("/shop")
        .service(resource("/items/{id}").route(post().to(take)))
        .default_service(web::to(astray));
    let merged = |app: &mut ServiceConfig| {
        app.service(resource("/merged/items/{id}").route(post().to(take)));
    };
    app.service(resource(["/items/{id}", "/stock/items/{id}"]).route(post().to(take)))
        .service(resource(r"/codes/{id:\d+}").route(post().to(decode)))
        .service(resource("/any/items/{id}").to(touch))
        .service(resource("/any/items/").to(touch_all))
        .service(resource("/items/{id}/parts/{part}*").route(post().to(take_part)))
        .service(opaque)
        .service(shop)
        .configure(merged);
}

/// Says what it was given, as it was given it.
#[audited("item.take", fields(given = id.as_str()))]
async fn take(_user: CurrentUser, id: Path<String>) -> Result<HttpResponse, ApiError> {
    assert!(!id.is_empty(), "the framework matched nothing");
    Ok(HttpResponse::NoContent().finish())
}

/// Takes numbers only: the route says so, and the extractor.
#[audited("code.read")]
async fn decode(_user: CurrentUser, _id: Path<u64>) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::NoContent().finish())
}

/// Takes any method.
#[audited("item.touch")]
async fn touch(_user: CurrentUser, _id: Path<String>) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::NoContent().finish())
}

#[audited("item.touch_all")]
async fn touch_all(_user: CurrentUser) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::NoContent().finish())
}

#[audited("item.part.take", target(part = ids.1))]
async fn take_part(_user: CurrentUser, ids: Path<(String, String)>) -> Result<HttpResponse, ApiError> {
    assert!(!ids.1.is_empty(), "the framework matched nothing");
    Ok(HttpResponse::NoContent().finish())
}

/// Where no route is.
#[audited("page.seek")]
pub(super) async fn astray(_user: CurrentUser) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Accepted().finish())
}
