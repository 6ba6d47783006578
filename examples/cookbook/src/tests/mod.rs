//! What the recipes leave is what the cookbook says they leave.

mod book;
mod hs256;
mod identity;
mod operation;
mod outside;
mod server;
mod tell;
mod work;

use actix_web::dev::HttpServiceFactory;
use lodger_actix::AuditMiddleware;

use self::book::Book;
use self::server::Server;

/// The events that the cookbook shows.
mod leaves {
    include!(concat!(env!("OUT_DIR"), "/leaves.rs"));
}

const ADA: (&str, &str) = ("x-user", "ada");

/// An axum service with the layer as it comes and one of the cookbook's handlers.
async fn axum(book: &Book, path: &str, handler: axum::routing::MethodRouter) -> Server {
    let audit = lodger_axum::AuditLayer::new(book.lodger.clone());
    Server::axum(axum::Router::new().route(path, handler).layer(audit)).await
}

/// An actix service with the middleware as it comes and one of the cookbook's handlers.
fn actix<S: HttpServiceFactory + 'static>(
    book: &Book,
    service: impl Fn() -> S + Clone + Send + 'static,
) -> Server {
    actix_with(AuditMiddleware::new(book.lodger.clone()), service)
}

/// The same with a middleware that was told more.
fn actix_with<S: HttpServiceFactory + 'static>(
    audit: AuditMiddleware,
    service: impl Fn() -> S + Clone + Send + 'static,
) -> Server {
    Server::actix(move |listener| async move {
        let app = move || actix_web::App::new().service(service()).wrap(audit.clone());
        actix_web::HttpServer::new(app).workers(1).listen(listener)?.run().await
    })
}
