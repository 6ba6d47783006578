//! The server.

use axum::Router;
use axum::extract::{ConnectInfo, Extension};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use lodger_axum::Lodger;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::app;
use crate::parity::World;

/// Serves until `stopped`.
pub async fn serve(
    listener: std::net::TcpListener,
    lodger: Lodger,
    world: World,
    stopped: oneshot::Receiver<()>,
) {
    listener.set_nonblocking(true).unwrap();
    let listener = TcpListener::from_std(listener).unwrap();
    let half_closed = world.setup.axum_half_closed;
    let app = app(&lodger, world);
    let serving = async {
        if half_closed {
            serve_half_closed(listener, app).await;
        } else {
            let service = app.into_make_service_with_connect_info::<std::net::SocketAddr>();
            axum::serve(listener, service).await.unwrap();
        }
    };
    tokio::select! {
        () = serving => {}
        _ = stopped => {}
    }
}

/// `axum::serve` can't be told to go on when a client has closed its writing side, hyper can.
async fn serve_half_closed(listener: TcpListener, app: Router) {
    let mut connections = JoinSet::new();
    loop {
        let (stream, peer) = listener.accept().await.unwrap();
        let service = TowerToHyperService::new(app.clone().layer(Extension(ConnectInfo(peer))));
        connections.spawn(async move {
            let mut server = auto::Builder::new(TokioExecutor::new());
            server.http1().half_close(true);
            // A client that leaves is the script's business.
            drop(server.serve_connection(TokioIo::new(stream), service).await);
        });
    }
}
