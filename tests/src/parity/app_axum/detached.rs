//! Functions that run in a task of their own.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::post;
use lodger_axum::{Audit, audited, current};

use super::audited::post_entry;
use crate::parity::{ApiError, CurrentUser, World};

pub(super) fn routes() -> Router<World> {
    Router::new().route("/orders/{how}", post(place))
}

/// Stops at the gate `body`, and has something to say after it.
#[audited("order.place", fields(how), detach)]
async fn place(
    _user: CurrentUser,
    State(world): State<World>,
    Path(how): Path<String>,
    audit: Audit,
) -> Result<StatusCode, ApiError> {
    world.gates.pass("body").await;
    audit.tag("shipped");
    current().unwrap().describe("the body went on");
    match how.as_str() {
        "panics" => panic!("as the case wants it"),
        "refused" => return Err(ApiError(409)),
        "posted" => post_entry("l1", 200)?,
        _ => {}
    }
    Ok(StatusCode::OK)
}
