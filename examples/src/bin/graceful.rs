//! A service on Axum that stops as `docs/deploy.md` says. Its twin is `graceful-actix`.

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::post;
use lodger_axum::{AuditLayer, Lodger, audited};
use lodger_examples::stop::{listen_on, say, seconds, stop_signal};
use tokio::net::TcpListener;

#[audited("order.create")]
async fn create(Path(_id): Path<String>, _order: String) -> StatusCode {
    StatusCode::CREATED
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    // Together and with half a second to spare below the time after which the platform kills.
    let for_requests = seconds("STOP_REQUESTS_SECONDS", 20)?;
    let for_delivery = seconds("STOP_DELIVERY_SECONDS", 5)?;

    let lodger = Lodger::from_env()?;
    let app = Router::new().route("/orders/{id}", post(create)).layer(AuditLayer::new(lodger.clone()));
    let listener = TcpListener::bind(listen_on()).await?;
    Ok(serve(listener, app, lodger, for_requests, for_delivery).await?)
}

async fn serve(
    listener: TcpListener,
    app: Router,
    lodger: Lodger,
    for_requests: Duration,
    for_delivery: Duration,
) -> std::io::Result<()> {
    let address = listener.local_addr()?;
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    // The signal ends the listening; requests that run may end, but not for ever.
    let serving = axum::serve(listener, service).with_graceful_shutdown(stop_signal());
    let stopping = stop_signal();
    let too_long = async {
        stopping.await;
        tokio::time::sleep(for_requests).await;
    };
    say(address);
    tokio::select! {
        served = serving.into_future() => served?,
        () = too_long => tracing::warn!("some requests are still running"),
    }
    // Waits for what still runs, commits, delivers.
    let report = lodger.shutdown(for_delivery).await;
    if !report.is_clean() {
        tracing::warn!(?report, "not everything is delivered; the next start goes on with what remains");
    }
    Ok(())
}
