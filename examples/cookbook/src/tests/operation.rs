//! What was done.

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::{get, post, put};
use lodger_axum::AuditLayer;
use tokio::sync::Notify;

use super::{ADA, Book, Server, actix, axum, leaves};
use crate::domain::{SENDING, SHIP, SHIPPING};
use crate::recipes::*;

#[tokio::test]
async fn the_target_of_a_creation_is_what_was_created() {
    let check = async |book: Book, server: Server| {
        assert_eq!(server.ask("POST /invoices", &[ADA], r#"{"amount": 1900}"#).await.status, 201);
        book.says(leaves::CREATED).await;
    };
    let book = Book::new();
    let server = axum(&book, "/invoices", post(created_axum::create)).await;
    check(book, server).await;
    let book = Book::new();
    let server = actix(&book, || created_actix::create);
    check(book, server).await;
}

#[tokio::test]
async fn the_attribute_looks_at_what_came_back() {
    let book = Book::new();
    let server = axum(&book, "/customers", post(created_axum::invite)).await;
    server.ask("POST /customers", &[ADA], "").await;
    book.says(leaves::INVITED).await;
}

#[tokio::test]
async fn a_diff_says_what_changed_and_leaves_out_what_is_not_serialised() {
    let book = Book::new();
    let server = axum(&book, "/invoices/{id}", put(changes::update)).await;
    server.ask("PUT /invoices/7", &[ADA], r#"{"amount": 2900}"#).await;
    server.ask("PUT /invoices/107", &[ADA], r#"{"amount": 2900}"#).await;
    book.says(leaves::CHANGES).await;
}

#[tokio::test]
async fn a_bulk_operation_leaves_one_event_a_target_with_one_id() {
    let book = Book::new();
    let server = axum(&book, "/archive", post(bulk::archive_all)).await;
    server.ask("POST /archive", &[ADA], "[7, 107, 9]").await;
    book.says(leaves::BULK).await;
    let mut ids: Vec<String> =
        book.events().await.into_iter().map(|event| event.operation.unwrap().id).collect();
    ids.dedup();
    assert_eq!(ids.len(), 1);
}

#[tokio::test]
async fn reads_are_recorded_where_they_are_annotated_and_refusals_too() {
    let book = Book::new();
    let server = axum(&book, "/patients/{id}", get(reads::patient)).await;
    for user in ["ada", "bob"] {
        server.ask("GET /patients/7", &[("x-user", user)], "").await;
    }
    book.says(leaves::READS).await;
}

#[tokio::test]
async fn personal_data_is_marked_and_secrets_are_hashed() {
    let book = Book::new();
    let server = axum(&book, "/customers", post(personal::create)).await;
    let form = r#"{"phone": "+49 30 901820", "tax_id": "DE-81729", "plan": "pro"}"#;
    server.ask("POST /customers", &[ADA], form).await;
    book.says(leaves::PERSONAL).await;
    let events = serde_json::to_string(&book.events().await).unwrap();
    assert!(!events.contains("DE-81729"), "{events}");
}

#[tokio::test]
async fn what_was_committed_is_a_success_although_the_client_left() {
    let book = Book::new();
    let server = axum(&book, "/invoices/{id}/pay", post(transactions::pay)).await;
    server.ask("POST /invoices/7/pay", &[ADA], "").await;
    let connection = server.send("POST /invoices/9/pay", &[ADA], "").await;
    SENDING.notified().await;
    drop(connection);
    book.comes_to_say(leaves::TRANSACTIONS).await;
}

/// Told when a request was dropped.
static DROPPED: Notify = Notify::const_new();

async fn notice_the_end(request: Request, next: Next) -> Response {
    struct End;
    impl Drop for End {
        fn drop(&mut self) {
            DROPPED.notify_one();
        }
    }
    let _end = End;
    next.run(request).await
}

#[tokio::test]
async fn a_detached_body_runs_to_its_end_although_the_client_left() {
    let book = Book::new();
    let app = Router::new().route("/orders/{id}", post(detach::place));
    let audit = AuditLayer::new(book.lodger.clone());
    let server = Server::axum(app.layer(audit).layer(from_fn(notice_the_end))).await;
    let connection = server.send("POST /orders/5", &[ADA], "").await;
    SHIPPING.notified().await;
    drop(connection);
    DROPPED.notified().await;
    SHIP.notify_one();
    book.comes_to_say(leaves::DETACH).await;
}
