//! Handlers without the attribute.

use actix_web::http::StatusCode;
use actix_web::web::{Json, Path};
use actix_web::{HttpRequest, HttpResponse};
use lodger_actix::Audit;
use serde_json::{Value, json};

use super::audited::{Ledger, dun, post_entry};
use crate::parity::ApiError;

/// Answers with the status in `x-answer`, else 204.
pub(super) async fn answer(request: HttpRequest) -> HttpResponse {
    let status =
        request.headers().get("x-answer").and_then(|value| value.to_str().ok()?.parse().ok()).unwrap_or(204);
    HttpResponse::new(StatusCode::from_u16(status).unwrap())
}

pub(super) async fn read(id: Path<String>) -> Json<Value> {
    Json(json!({"id": *id}))
}

/// Has a request id of its own.
pub(super) async fn stamped() -> HttpResponse {
    HttpResponse::Ok().insert_header(("x-request-id", "its-own")).finish()
}

/// Asks for the audit log, but no function here is audited.
pub(super) async fn extracted(audit: Audit) -> HttpResponse {
    audit.tag("never staged");
    HttpResponse::Ok().finish()
}

/// Leaves work behind, and waits for it here so that the case needn't.
pub(super) async fn spawned() -> Result<HttpResponse, ApiError> {
    lodger_actix::spawn(dun("inv_1", 200)).await.unwrap()?;
    Ok(HttpResponse::Ok().finish())
}

/// Calls audited functions that are no handlers.
pub(super) async fn ledger(how: Path<String>) -> Result<HttpResponse, ApiError> {
    match how.as_str() {
        "sync" => post_entry("l1", 200)?,
        "method" => Ledger { id: "l2".to_owned() }.close(200).await?,
        "recovered" => match post_entry("l3", 409) {
            Ok(()) => {}
            Err(refusal) => assert_eq!(refusal, ApiError(409)),
        },
        _ => return Err(ApiError(404)),
    }
    Ok(HttpResponse::Ok().finish())
}
