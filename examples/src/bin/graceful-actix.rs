//! A service on Actix that stops as `docs/deploy.md` says. Its twin is `graceful`.

use std::error::Error;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web::Path;
use actix_web::{App, HttpResponse, HttpServer, post};
use lodger_actix::{AuditMiddleware, Lodger, audited};
use lodger_examples::stop::{say_address, seconds, stop_signal};

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
    let for_delivery = Duration::from_secs(seconds("STOP_DELIVERY_SECONDS", 5)?);

    let lodger = Lodger::from_env()?;
    let audit = AuditMiddleware::new(lodger.clone());
    let listen = std::env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:3000".to_owned());
    // By itself actix stops gracefully on SIGTERM only, and breaks off what runs on Ctrl-C.
    let server = HttpServer::new(move || App::new().service(create).wrap(audit.clone()))
        .shutdown_signal(stop_signal())
        .shutdown_timeout(for_requests)
        .bind(listen)?;
    server.addrs().into_iter().for_each(say_address);
    server.run().await?;

    // Waits for what still runs, commits, delivers.
    let report = lodger.shutdown(for_delivery).await;
    if !report.is_clean() {
        tracing::warn!(?report, "not everything is delivered; the next start goes on with it");
    }
    Ok(())
}
