//! A service to be killed: `crash-server axum|actix` serves on a free port and says its address in the first line;
//! `crash-server drain` delivers what its predecessors left in the journal, and ends.
//!
//! Everything is set up as a user would, from the environment: `LODGER_DESTINATION` and `LODGER_JOURNAL_DIR`, and the
//! layer's default guarantee, `Durable`.
#![expect(clippy::unwrap_used, reason = "a server that can't start should say why and stop")]

use std::io::Write;
use std::net::TcpListener;
use std::time::Duration;

use lodger_axum::Lodger;

fn main() {
    let lodger = Lodger::from_env().unwrap();
    match std::env::args().nth(1).as_deref() {
        Some("axum") => on_axum::serve(announced(), lodger),
        Some("actix") => on_actix::serve(announced(), lodger),
        Some("drain") => drain(&lodger),
        other => panic!("expected axum, actix or drain, got {other:?}"),
    }
}

fn announced() -> TcpListener {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut out = std::io::stdout();
    writeln!(out, "{}", listener.local_addr().unwrap()).unwrap();
    out.flush().unwrap();
    listener
}

#[tokio::main(flavor = "current_thread")]
async fn drain(lodger: &Lodger) {
    let report = lodger.shutdown(Duration::from_secs(30)).await;
    assert_eq!(report.remaining, 0, "not everything could be delivered: {report:?}");
}

mod on_axum {
    use axum::Router;
    use axum::extract::Path;
    use axum::http::StatusCode;
    use axum::routing::post;
    use lodger_axum::{AuditLayer, Lodger, audited};

    #[audited("order.create")]
    async fn create(Path(_id): Path<String>) -> Result<StatusCode, StatusCode> {
        Ok(StatusCode::CREATED)
    }

    #[tokio::main(worker_threads = 2)]
    pub(super) async fn serve(listener: std::net::TcpListener, lodger: Lodger) {
        listener.set_nonblocking(true).unwrap();
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        let app = Router::new().route("/orders/{id}", post(create)).layer(AuditLayer::new(lodger));
        axum::serve(listener, app).await.unwrap();
    }
}

mod on_actix {
    use actix_web::web::{Path, post, resource};
    use actix_web::{App, HttpResponse, HttpServer};
    use lodger_actix::{AuditMiddleware, Lodger, audited};

    #[audited("order.create")]
    async fn create(_id: Path<String>) -> Result<HttpResponse, actix_web::Error> {
        Ok(HttpResponse::Created().finish())
    }

    #[actix_web::main]
    pub(super) async fn serve(listener: std::net::TcpListener, lodger: Lodger) {
        let app = move || {
            App::new()
                .service(resource("/orders/{id}").route(post().to(create)))
                .wrap(AuditMiddleware::new(lodger.clone()))
        };
        HttpServer::new(app).workers(2).listen(listener).unwrap().run().await.unwrap();
    }
}
