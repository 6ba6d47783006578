//! In service.

use axum::Router;
use axum::http::StatusCode;
use axum::routing::put;
use tokio::sync::oneshot;

use super::{ADA, Book, Server, leaves};
use crate::recipes::*;

#[tokio::test]
async fn the_client_behind_a_proxy_is_the_first_from_the_right_that_is_not_ours() {
    let book = Book::new();
    let service = Router::new().route("/invoices/{id}", put(migration_second::update));
    let server = Server::axum(proxies::app(book.lodger.clone(), service)).await;
    let hops = ("x-forwarded-for", "6.6.6.6, 203.0.113.9, 10.0.0.3");
    server.ask("PUT /invoices/7", &[ADA, hops], "").await;
    book.says(leaves::PROXIES).await;
}

#[tokio::test]
async fn health_is_good_while_nothing_is_late_or_lost() {
    let book = Book::new();
    let (status, stats) = health::audit_health(axum::extract::State(book.lodger.clone())).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(stats.0["counts"]["guaranteeMissed"], 0);
}

#[tokio::test]
async fn a_shutdown_ends_the_server_first_and_then_delivers() {
    let book = Book::new();
    let (stop, stopped) = oneshot::channel::<()>();
    let service = Router::new().route("/invoices/{id}", put(migration_second::update));
    let serving = shutdown_axum::serve(book.lodger.clone(), service, async { stopped.await.unwrap() });
    stop.send(()).unwrap();
    serving.await.unwrap();
    let refused = book.lodger.enqueue(lodger_core::event::Event::builder("late").build().unwrap());
    assert!(refused.is_err());
}
