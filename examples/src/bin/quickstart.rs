//! The quickstart on Axum: `cargo run --bin quickstart`. Its twin is `quickstart-actix`.

use std::error::Error;
use std::net::SocketAddr;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use lodger_axum::{Audit, AuditLayer, audited};
use lodger_examples::demonstration::{Demonstration, PATIENCE};
use lodger_examples::invoices::{Correction, Invoice, Invoices, NewInvoice, Problem};
use lodger_examples::users::CurrentUser;

/// The target is the invoice that comes back: it implements `ToTarget`.
#[audited("invoice.create", fields(customer = new.customer))]
async fn create(
    _user: CurrentUser,
    State(invoices): State<Invoices>,
    Json(new): Json<NewInvoice>,
) -> Result<(StatusCode, Json<Invoice>), Problem> {
    Ok((StatusCode::CREATED, Json(invoices.create(new))))
}

/// The target is the path's `{id}`; what changed is known only in here.
#[audited("invoice.update")]
async fn correct(
    _user: CurrentUser,
    audit: Audit,
    State(invoices): State<Invoices>,
    Path(id): Path<u64>,
    Json(correction): Json<Correction>,
) -> Result<Json<Invoice>, Problem> {
    let (before, after) = invoices.correct(id, &correction)?;
    audit.diff(&before, &after);
    Ok(Json(after))
}

#[audited("invoice.delete")]
async fn delete(
    user: CurrentUser,
    State(invoices): State<Invoices>,
    Path(id): Path<u64>,
) -> Result<StatusCode, Problem> {
    invoices.delete(&user, id)?;
    Ok(StatusCode::NO_CONTENT)
}

/// A read leaves no event: it is not annotated.
async fn read(State(invoices): State<Invoices>, Path(id): Path<u64>) -> Result<Json<Invoice>, Problem> {
    Ok(Json(invoices.read(id)?))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let demonstration = Demonstration::from_args()?;

    let app = Router::new()
        .route("/invoices", post(create))
        .route("/invoices/{id}", get(read).put(correct).delete(delete))
        .layer(AuditLayer::new(demonstration.lodger()).on_always())
        .with_state(Invoices::default());

    let listener = tokio::net::TcpListener::from_std(demonstration.bind()?)?;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>())
        .with_graceful_shutdown(async { stopped.await.unwrap_or_default() });
    let serving = tokio::spawn(serving.into_future());

    demonstration.run().await?;
    stop.send(()).ok();
    // Requests that take longer are waited for once more, by the client.
    if let Ok(served) = tokio::time::timeout(PATIENCE, serving).await {
        served??;
    }
    demonstration.finish().await
}
