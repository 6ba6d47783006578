//! In service.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::put;
use lodger_axum::AuditLayer;
use lodger_core::event::{Event, EventId};
use tokio::sync::oneshot;

use super::book::PATIENCE;
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
async fn health_is_good_until_something_is_lost() {
    let book = Book::new();
    let service = Router::new().route("/invoices/{id}", put(migration_second::update));
    let server = Server::axum(service.layer(AuditLayer::new(book.lodger.clone()))).await;
    server.ask("PUT /invoices/7", &[ADA], "").await;
    let (status, stats) = health::audit_health(State(book.lodger.clone())).await;
    assert_eq!((status, &stats.0["counts"]["accepted"]), (StatusCode::OK, &1.into()));
    // Against the order of a shutdown: the server still runs, and its next event comes too late.
    book.lodger.shutdown(PATIENCE).await;
    server.ask("PUT /invoices/7", &[ADA], "").await;
    let (status, stats) = health::audit_health(State(book.lodger.clone())).await;
    assert_eq!((status, &stats.0["counts"]["lastResort"]), (StatusCode::SERVICE_UNAVAILABLE, &1.into()));
}

#[tokio::test]
async fn a_shutdown_ends_the_server_first_and_then_delivers() {
    let book = Book::new();
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = shutdown_axum::serve(book.lodger.clone(), Router::new(), async { stopped.await.unwrap() });
    let event = Event::builder("invoice.update").build().unwrap();
    book.lodger.enqueue(event.clone()).unwrap();
    stop.send(()).unwrap();
    serving.await.unwrap();
    let delivered: Vec<EventId> = book.memory.events().iter().map(|event| event.id).collect();
    assert_eq!(delivered, [event.id]);
    assert!(book.lodger.enqueue(Event::builder("late").build().unwrap()).is_err());
}
