//! Where no handler fits.

use axum::routing::post;

use super::{ADA, Book, Server, actix, axum, leaves};
use crate::recipes::*;

#[tokio::test]
async fn a_webhook_sent_again_has_the_same_key_and_a_forged_one_names_nobody() {
    let check = async |book: Book, server: Server| {
        for (signature, status) in [("signed", 200), ("signed", 200), ("forged", 401)] {
            let headers = [("x-delivery", "d0001"), ("x-signature", signature)];
            assert_eq!(server.ask("POST /webhooks/billing", &headers, "p_5").await.status, status);
        }
        book.says(leaves::WEBHOOKS).await;
        let [first, again, _] = book.events().await.try_into().unwrap();
        assert_ne!(first.id, again.id);
        assert_eq!(book.lodger.stats().counts.trimmed, 0);
    };
    let book = Book::new();
    let server = axum(&book, "/webhooks/billing", post(webhooks_axum::receive)).await;
    check(book, server).await;
    let book = Book::new();
    let server = actix(&book, || webhooks_actix::receive);
    check(book, server).await;
}

#[tokio::test]
async fn workers_and_schedules_are_actors() {
    let book = Book::new();
    workers::every_night(&book.lodger).await;
    workers::on_message(&book.lodger, 9, "ada").await.unwrap();
    book.says(leaves::WORKERS).await;
}

#[tokio::test]
async fn spawned_work_keeps_its_actor() {
    let book = Book::new();
    let server = axum(&book, "/invoices/{id}/export", post(spawned::request_export)).await;
    server.ask("POST /invoices/7/export", &[ADA], "").await;
    book.comes_to_say(leaves::SPAWNED).await;
}

#[tokio::test]
async fn each_mutation_behind_one_endpoint_ends_in_its_own_way() {
    let book = Book::new();
    let server = axum(&book, "/graphql", post(graphql::endpoint)).await;
    server.ask("POST /graphql", &[ADA], "[7, 107]").await;
    server.ask("POST /graphql", &[ADA], "[]").await;
    assert_eq!(book.lodger.stats().counts.unaudited, 0);
    book.says(leaves::GRAPHQL).await;
    let events = book.events().await;
    let request = |at: usize| events[at].request.as_ref().unwrap().id.clone();
    assert_eq!(request(0), request(1));
}

#[tokio::test]
async fn a_rule_names_what_a_foreign_route_does() {
    let book = Book::new();
    let foreign = rules_axum::foreign().layer(axum::middleware::from_fn(sign_in));
    let server = Server::axum(rules_axum::app(book.lodger.clone(), foreign)).await;
    server.ask("DELETE /members/7", &[ADA], "").await;
    book.says(leaves::RULES).await;
}

/// Authentication that says who acts and no more.
async fn sign_in(
    user: crate::CurrentUser,
    mut request: axum::extract::Request,
    next: axum::middleware::Next,
) -> axum::response::Response {
    lodger_axum::SetActor::set_actor(&mut request, &user);
    next.run(request).await
}

#[tokio::test]
async fn the_alarm_lists_what_is_not_annotated_yet_and_falls_silent_route_by_route() {
    let book = Book::new();
    let before = axum::Router::new().route("/invoices/{id}", axum::routing::put(async || ()));
    let server = Server::axum(migration_first::app(book.lodger.clone(), before)).await;
    server.ask("PUT /invoices/7", &[ADA], "").await;
    book.says(leaves::MIGRATION_FIRST).await;
    let book = Book::new();
    let after = axum::Router::new().route("/invoices/{id}", axum::routing::put(migration_second::update));
    let server = Server::axum(migration_first::app(book.lodger.clone(), after)).await;
    server.ask("PUT /invoices/7", &[ADA], "").await;
    book.says(leaves::MIGRATION_SECOND).await;
    assert_eq!(book.lodger.stats().counts.unaudited, 0);
}
