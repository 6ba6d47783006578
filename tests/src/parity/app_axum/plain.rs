//! Handlers without the attribute.

use axum::Json;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use lodger_axum::Audit;
use serde_json::{Value, json};

use super::audited::{Ledger, dun, post_entry};
use crate::parity::ApiError;

/// Answers with the status in `x-answer`, else 204.
pub(super) async fn answer(headers: HeaderMap) -> StatusCode {
    let status = headers.get("x-answer").and_then(|value| value.to_str().ok()?.parse().ok()).unwrap_or(204);
    StatusCode::from_u16(status).unwrap()
}

pub(super) async fn read(Path(id): Path<String>) -> Json<Value> {
    Json(json!({"id": id}))
}

/// Has a request id of its own.
pub(super) async fn stamped() -> ([(&'static str, &'static str); 1], StatusCode) {
    ([("x-request-id", "its-own")], StatusCode::OK)
}

/// Asks for the audit log, but no function here is audited.
pub(super) async fn extracted(audit: Audit) -> StatusCode {
    audit.tag("never staged");
    StatusCode::OK
}

/// Leaves work behind, and waits for it here so that the case needn't.
pub(super) async fn spawned() -> Result<StatusCode, ApiError> {
    lodger_axum::spawn(dun("inv_1", 200)).await.unwrap()?;
    Ok(StatusCode::OK)
}

/// Calls audited functions that are no handlers.
pub(super) async fn ledger(Path(how): Path<String>) -> Result<StatusCode, ApiError> {
    match how.as_str() {
        "sync" => post_entry("l1", 200)?,
        "method" => Ledger { id: "l2".to_owned() }.close(200).await?,
        "recovered" => match post_entry("l3", 409) {
            Ok(()) => {}
            Err(refusal) => assert_eq!(refusal, ApiError(409)),
        },
        _ => return Err(ApiError(404)),
    }
    Ok(StatusCode::OK)
}
