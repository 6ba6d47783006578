//! A service on Actix that stops as `docs/deploy.md` says. Its twin is `graceful`.

use std::error::Error;
use std::net::TcpListener;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web::Path;
use actix_web::{App, HttpResponse, HttpServer, post};
use lodger_actix::{AuditMiddleware, Lodger, audited};
use lodger_examples::stop::{listen_on, say, seconds, stop_signal};

#[audited("order.create")]
#[post("/orders/{id}")]
async fn create(_id: Path<String>, _order: String) -> HttpResponse {
    HttpResponse::new(StatusCode::CREATED)
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    // Together and with half a second to spare below the time after which the platform kills.
    let for_requests = seconds("STOP_REQUESTS_SECONDS", 20)?;
    let for_delivery = seconds("STOP_DELIVERY_SECONDS", 5)?;

    let lodger = Lodger::from_env()?;
    let listener = TcpListener::bind(listen_on())?;
    Ok(serve(listener, lodger, for_requests, for_delivery).await?)
}

async fn serve(
    listener: TcpListener,
    lodger: Lodger,
    for_requests: Duration,
    for_delivery: Duration,
) -> std::io::Result<()> {
    let address = listener.local_addr()?;
    let audit = AuditMiddleware::new(lodger.clone());
    let server = HttpServer::new(move || App::new().service(create).wrap(audit.clone()))
        .shutdown_signal(stop_signal())
        .shutdown_timeout(for_requests.as_secs())
        .listen(listener)?
        .run();
    say(address);
    server.await?;
    // Waits for what still runs, commits, delivers.
    let report = lodger.shutdown(for_delivery).await;
    if !report.is_clean() {
        tracing::warn!(?report, "not everything is delivered; the next start goes on with what remains");
    }
    Ok(())
}
