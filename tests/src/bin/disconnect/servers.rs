//! The same two handlers on axum and on actix.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use lodger_core::Lodger;
use tokio::sync::oneshot;

use crate::ledger::Ledger;

/// In the message of every panic that is part of the play.
pub(crate) const AS_WANTED: &str = "as wanted";

/// What is served, and how it is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Server {
    Axum,
    AxumHttp2,
    /// Half-closed connections are served, which is the default.
    Actix,
    /// `h1_allow_half_closed(false)`: a handler whose client has left is dropped.
    ActixDrops,
    ActixHttp2,
}

impl Server {
    pub(crate) const ALL: [Self; 5] =
        [Self::Axum, Self::AxumHttp2, Self::Actix, Self::ActixDrops, Self::ActixHttp2];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Axum => "axum",
            Self::AxumHttp2 => "axum, HTTP/2",
            Self::Actix => "actix",
            Self::ActixDrops => "actix, half-closed connections dropped",
            Self::ActixHttp2 => "actix, HTTP/2",
        }
    }

    pub(crate) fn speaks_http2(self) -> bool {
        matches!(self, Self::AxumHttp2 | Self::ActixHttp2)
    }

    pub(crate) fn start(self, lodger: &Lodger, ledger: &Arc<Ledger>) -> Serving {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let (lodger, ledger) = (lodger.clone(), Arc::clone(ledger));
        let thread = std::thread::spawn(move || match self {
            Self::Axum | Self::AxumHttp2 => on_axum::serve(listener, lodger, ledger, stopped),
            Self::Actix | Self::ActixDrops | Self::ActixHttp2 => {
                on_actix::serve(self, listener, lodger, ledger, stopped);
            }
        });
        Serving { address, stop, thread }
    }
}

/// A server under way.
pub(crate) struct Serving {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Serving {
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn stop(self) {
        drop(self.stop);
        self.thread.join().unwrap();
    }
}

/// Takes some time or none, as the number has it.
async fn some_time(number: u64) {
    match number % 4 {
        0 => {}
        1 => tokio::task::yield_now().await,
        _ => tokio::time::sleep(Duration::from_micros(number % 2_000)).await,
    }
}

fn number_of(id: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    hasher.finish()
}

/// The body of the handler: time passes, a change is made, time passes.
async fn place(id: &str, ledger: &Ledger, audit: &lodger_core::capture::Audit) {
    let number = number_of(id);
    some_time(number).await;
    ledger.made(id);
    // Every other one says so at once.
    if number.is_multiple_of(2) {
        ledger.declared(id);
        audit.committed();
    }
    some_time(number >> 32).await;
}

mod on_axum {
    use std::net::TcpListener;
    use std::sync::Arc;

    use axum::Router;
    use axum::extract::{Path, State};
    use axum::http::StatusCode;
    use axum::routing::post;
    use lodger_axum::{Audit, AuditLayer, Lodger, audited};
    use tokio::sync::oneshot;

    use super::{AS_WANTED, Ledger, number_of, some_time};

    #[audited("order.place", target(order = id))]
    async fn place(
        audit: Audit,
        State(ledger): State<Arc<Ledger>>,
        Path(id): Path<String>,
    ) -> Result<StatusCode, StatusCode> {
        super::place(&id, &ledger, &audit).await;
        Ok(StatusCode::CREATED)
    }

    #[audited("order.break", target(order = id))]
    async fn panics(Path(id): Path<String>) -> Result<StatusCode, StatusCode> {
        some_time(number_of(&id)).await;
        panic!("{AS_WANTED}: {id}");
    }

    #[tokio::main(worker_threads = 2)]
    pub(super) async fn serve(
        listener: TcpListener,
        lodger: Lodger,
        ledger: Arc<Ledger>,
        stopped: oneshot::Receiver<()>,
    ) {
        listener.set_nonblocking(true).unwrap();
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        let app = Router::new()
            .route("/orders/{id}", post(place))
            .route("/panics/{id}", post(panics))
            .layer(AuditLayer::new(lodger))
            .with_state(ledger);
        let stopped = async { drop(stopped.await) };
        axum::serve(listener, app).with_graceful_shutdown(stopped).await.unwrap();
    }
}

mod on_actix {
    use std::net::TcpListener;
    use std::sync::Arc;

    use actix_web::web::{Data, Path, post, resource};
    use actix_web::{App, HttpResponse, HttpServer};
    use lodger_actix::{Audit, AuditMiddleware, Lodger, audited};
    use tokio::sync::oneshot;

    use super::{AS_WANTED, Ledger, Server, number_of, some_time};

    #[audited("order.place", target(order = id))]
    async fn place(
        audit: Audit,
        ledger: Data<Ledger>,
        id: Path<String>,
    ) -> Result<HttpResponse, actix_web::Error> {
        super::place(&id, &ledger, &audit).await;
        Ok(HttpResponse::Created().finish())
    }

    #[audited("order.break", target(order = id))]
    async fn panics(id: Path<String>) -> Result<HttpResponse, actix_web::Error> {
        some_time(number_of(&id)).await;
        panic!("{AS_WANTED}: {id}");
    }

    #[actix_web::main]
    pub(super) async fn serve(
        server: Server,
        listener: TcpListener,
        lodger: Lodger,
        ledger: Arc<Ledger>,
        stopped: oneshot::Receiver<()>,
    ) {
        let middleware = AuditMiddleware::new(lodger);
        let app = move || {
            App::new()
                .app_data(Data::from(Arc::clone(&ledger)))
                .service(resource("/orders/{id}").route(post().to(place)))
                .service(resource("/panics/{id}").route(post().to(panics)))
                .wrap(middleware.clone())
        };
        let serving = HttpServer::new(app)
            .workers(2)
            .disable_signals()
            .h1_allow_half_closed(server != Server::ActixDrops);
        let serving =
            if server.speaks_http2() { serving.listen_auto_h2c(listener) } else { serving.listen(listener) };
        let serving = serving.unwrap().run();
        let handle = serving.handle();
        actix_web::rt::spawn(async move {
            drop(stopped.await);
            handle.stop(true).await;
        });
        serving.await.unwrap();
    }
}
