//! Handlers that call another audited service in the same program, or leave their task.

use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::web::{self, Data, Path, ServiceConfig, post, resource};
use actix_web::{App, HttpResponse};
use lodger_actix::{Audit, AuditMiddleware, Lodger, audited, current, set_actor, spawn_blocking};
use lodger_core::capture::Guarantee;

use super::audited::post_entry;
use crate::parity::{ApiError, CurrentUser, World};

pub(super) fn routes(app: &mut ServiceConfig) {
    app.service(resource("/orders").route(post().to(order)))
        .service(resource("/renders").route(post().to(render)))
        .service(resource("/batches").route(post().to(batch)))
        .service(resource("/ledgers").route(post().to(blocking)));
}

/// Another service, with a client and a layer of its own.
macro_rules! stock {
    ($lodger:expr) => {{
        let layer = AuditMiddleware::new(Lodger::clone($lodger)).guarantee(Guarantee::Queued);
        init_service(App::new().service(resource("/items/{id}").route(post().to(book))).wrap(layer)).await
    }};
}

#[audited("item.book")]
async fn book(_id: Path<String>) -> Result<HttpResponse, ApiError> {
    current().unwrap().tag("in the stock");
    Ok(HttpResponse::NoContent().finish())
}

/// Says something before and after the call, so that a case sees whose event it landed in.
#[audited("order.place", target(order = "o1"))]
async fn order(_user: CurrentUser, world: Data<World>, audit: Audit) -> Result<HttpResponse, ApiError> {
    audit.tag("before");
    let request =
        TestRequest::post().uri("/items/i7").insert_header(("x-request-id", "inner-1")).to_request();
    let response = call_service(&stock!(&world.other), request).await;
    assert_eq!(response.headers().get("x-request-id").unwrap(), "inner-1");
    current().unwrap().tag("after");
    Ok(HttpResponse::new(response.status()))
}

/// Its work is done on another thread, by code that was given the handle.
#[audited("report.render", target(report = "r1"))]
async fn render(_user: CurrentUser, audit: Audit) -> Result<HttpResponse, ApiError> {
    let work = move || audit.metadata("pages", 3).event_id().is_some();
    assert!(web::block(work).await.unwrap(), "the handle has lost its event");
    Ok(HttpResponse::NoContent().finish())
}

/// Its work is done on another thread, by an annotated function.
async fn blocking(user: CurrentUser) -> Result<HttpResponse, ApiError> {
    set_actor(&user);
    spawn_blocking(|| post_entry("l1", 200)).await.unwrap()?;
    Ok(HttpResponse::NoContent().finish())
}

/// One event for each thing that it touches.
#[audited("batch.run", target(batch = "b1"))]
async fn batch(_user: CurrentUser) -> Result<HttpResponse, ApiError> {
    for entry in ["l1", "l2"] {
        post_entry(entry, 200)?;
    }
    Ok(HttpResponse::NoContent().finish())
}
