//! Functions that run in a task of their own.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path, ServiceConfig, post, resource};
use lodger_actix::{Audit, audited, current};

use super::audited::post_entry;
use crate::parity::{ApiError, CurrentUser, World};

pub(super) fn routes(app: &mut ServiceConfig) {
    app.service(resource("/orders/{how}").route(post().to(place)));
}

/// Stops at the gate `body`, and has something to say after it.
#[audited("order.place", fields(how = *how), detach)]
async fn place(
    _user: CurrentUser,
    world: Data<World>,
    how: Path<String>,
    audit: Audit,
) -> Result<HttpResponse, ApiError> {
    world.gates.pass("body").await;
    audit.tag("shipped");
    current().unwrap().describe("the body went on");
    match how.as_str() {
        "panics" => panic!("as the case wants it"),
        "refused" => return Err(ApiError(409)),
        "posted" => post_entry("l1", 200)?,
        _ => {}
    }
    Ok(HttpResponse::Ok().finish())
}
