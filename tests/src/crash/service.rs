//! The service that is killed: what a user would write, in both frameworks.
//!
//! Everything is set up from the environment: `LODGER_DESTINATION`, `LODGER_JOURNAL_DIR` and what the destinations
//! need. Only the waits are longer than by default, so that a 201 always means that the guarantee was kept.

use std::io::Write;
use std::net::TcpListener;
use std::time::Duration;

use lodger_axum::{Guarantee, Lodger};

use super::Framework;

/// A response that gave up waiting would be a 201 without its guarantee, and the count would blame the journal.
const WAIT: Duration = Duration::from_secs(300);

/// Serves until killed, on a free port that the first line of the standard output names.
///
/// # Panics
///
/// When the client can't be built or the server fails.
pub fn serve(framework: Framework, guarantee: Guarantee) {
    let lodger = Lodger::from_env().unwrap();
    match framework {
        Framework::Axum => on_axum::serve(announced(), lodger, guarantee),
        Framework::Actix => on_actix::serve(announced(), lodger, guarantee),
    }
}

/// Delivers what its predecessors left in the journal.
///
/// # Panics
///
/// When something remains.
#[tokio::main(flavor = "current_thread")]
pub async fn drain() {
    let lodger = Lodger::from_env().unwrap();
    let report = lodger.shutdown(WAIT).await;
    assert!(report.is_clean(), "not everything could be delivered: {report:?}");
}

/// A listener on a free port, whose address is the first line that the parent reads.
///
/// # Panics
///
/// When there is no free port.
#[must_use]
pub fn announced() -> TcpListener {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut out = std::io::stdout();
    writeln!(out, "{}", listener.local_addr().unwrap()).unwrap();
    out.flush().unwrap();
    listener
}

/// The service on axum.
pub mod on_axum {
    use axum::Router;
    use axum::extract::Path;
    use axum::http::StatusCode;
    use axum::routing::post;
    use lodger_axum::{AuditLayer, Guarantee, Lodger, audited};

    #[audited("order.create")]
    async fn create(Path(_id): Path<String>) -> Result<StatusCode, StatusCode> {
        Ok(StatusCode::CREATED)
    }

    /// `POST /orders/{id}` answers 201.
    pub fn app(lodger: Lodger, guarantee: Guarantee) -> Router {
        let layer = AuditLayer::new(lodger).guarantee(guarantee);
        let layer = layer.durable_wait(super::WAIT).delivered_wait(super::WAIT);
        Router::new().route("/orders/{id}", post(create)).layer(layer)
    }

    #[tokio::main(worker_threads = 2)]
    pub(super) async fn serve(listener: std::net::TcpListener, lodger: Lodger, guarantee: Guarantee) {
        listener.set_nonblocking(true).unwrap();
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        axum::serve(listener, app(lodger, guarantee)).await.unwrap();
    }
}

/// The service on actix.
pub mod on_actix {
    use actix_web::dev::Server;
    use actix_web::web::{Path, post, resource};
    use actix_web::{App, HttpResponse, HttpServer};
    use lodger_actix::{AuditMiddleware, Guarantee, Lodger, audited};

    #[audited("order.create")]
    async fn create(_id: Path<String>) -> Result<HttpResponse, actix_web::Error> {
        Ok(HttpResponse::Created().finish())
    }

    /// `POST /orders/{id}` answers 201.
    ///
    /// # Panics
    ///
    /// When the listener can't be used.
    pub fn server(listener: std::net::TcpListener, lodger: Lodger, guarantee: Guarantee) -> Server {
        let middleware = AuditMiddleware::new(lodger).guarantee(guarantee);
        let middleware = middleware.durable_wait(super::WAIT).delivered_wait(super::WAIT);
        let app = move || {
            App::new().service(resource("/orders/{id}").route(post().to(create))).wrap(middleware.clone())
        };
        HttpServer::new(app).workers(2).listen(listener).unwrap().run()
    }

    #[actix_web::main]
    pub(super) async fn serve(listener: std::net::TcpListener, lodger: Lodger, guarantee: Guarantee) {
        server(listener, lodger, guarantee).await.unwrap();
    }
}
