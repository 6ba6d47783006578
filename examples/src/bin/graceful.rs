//! A service on Axum that stops as `docs/deploy.md` says. Its twin is `graceful-actix`.

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::post;
use lodger_axum::{AuditLayer, Lodger, audited};
use lodger_examples::stop::{say_address, seconds, stop_signal};

#[audited("order.create")]
async fn create(Path(_id): Path<String>, _order: String) -> StatusCode {
    StatusCode::CREATED
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    // Together and with half a second to spare below the time after which the platform kills.
    let for_requests = Duration::from_secs(seconds("STOP_REQUESTS_SECONDS", 20)?);
    let for_delivery = Duration::from_secs(seconds("STOP_DELIVERY_SECONDS", 5)?);

    let lodger = Lodger::from_env()?;
    let app = Router::new().route("/orders/{id}", post(create)).layer(AuditLayer::new(lodger.clone()));
    let listen = std::env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:3000".to_owned());
    let listener = tokio::net::TcpListener::bind(listen).await?;
    let address = listener.local_addr()?;
    let service = app.into_make_service_with_connect_info::<SocketAddr>();

    // The first signal ends the listening; requests that run may end, but not for ever.
    let serving = axum::serve(listener, service).with_graceful_shutdown(stop_signal());
    let stopping = stop_signal();
    let too_long = async {
        stopping.await;
        tokio::time::sleep(for_requests).await;
    };
    say_address(address);
    tokio::select! {
        served = serving.into_future() => served?,
        () = too_long => tracing::warn!("some requests are still running"),
    }
    // Waits for what still runs, commits, delivers.
    let report = lodger.shutdown(for_delivery).await;
    if !report.is_clean() {
        tracing::warn!(?report, "not everything is delivered; the next start goes on with it");
    }
    Ok(())
}
