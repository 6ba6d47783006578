//! Who it was.

use actix_web::middleware::from_fn;
use actix_web::web;
use axum::middleware::from_fn as layer_fn;
use axum::routing::{post, put};
use axum::{Extension, Router};
use jsonwebtoken::{EncodingKey, Header, encode};
use lodger_actix::AuditMiddleware;
use lodger_axum::{AuditLayer, Outcome};

use super::{ADA, Book, Server, actix, actix_with, axum, hs256, leaves};
use crate::Claims;
use crate::recipes::*;

const ALL: [Outcome; 3] = [Outcome::Success, Outcome::Unknown, Outcome::Denied];

#[tokio::test]
async fn authentication_inside_of_the_layer_names_the_actor_and_its_refusals_are_seen() {
    let check = async |book: Book, server: Server| {
        assert_eq!(server.ask("PUT /invoices/7", &[ADA], "").await.status, 200);
        assert_eq!(server.ask("PUT /invoices/7", &[], "").await.status, 401);
        book.says(leaves::ORDER).await;
    };
    let book = Book::new();
    let server = Server::axum(order_axum::app(book.lodger.clone())).await;
    check(book, server).await;
    let book = Book::new();
    let lodger = book.lodger.clone();
    check(book, Server::actix(move |listener| order_actix::serve(lodger, listener))).await;
}

#[tokio::test]
async fn a_failed_login_is_denied_and_claims_no_actor() {
    let check = async |book: Book, server: Server| {
        for (form, status) in [
            (r#"{"name": "ada", "password": "right"}"#, 200),
            (r#"{"name": "ada", "password": "wrong"}"#, 401),
            (r#"{"name": "hunter2", "password": "ada"}"#, 401),
        ] {
            assert_eq!(server.ask("POST /login", &[], form).await.status, status);
        }
        book.says(leaves::LOGIN).await;
        let events = serde_json::to_string(&book.events().await).unwrap();
        assert!(!events.contains("hunter2") && !events.contains("wrong"), "{events}");
    };
    let book = Book::new();
    let server = axum(&book, "/login", post(login_axum::login)).await;
    check(book, server).await;
    let book = Book::new();
    let server = actix(&book, || login_actix::login);
    check(book, server).await;
}

#[tokio::test]
async fn a_failed_login_that_redirects_is_no_success() {
    let book = Book::new();
    let server = axum(&book, "/login", post(login_form::login)).await;
    for password in ["right", "wrong"] {
        assert_eq!(
            server.ask("POST /login", &[], &format!("name=ada&password={password}")).await.status,
            303
        );
    }
    book.says(leaves::LOGIN_FORM).await;
}

#[tokio::test]
async fn a_logout_is_by_the_user_whose_session_it_was() {
    let book = Book::new();
    let server = axum(&book, "/logout", post(logout_axum::logout)).await;
    assert_eq!(server.ask("POST /logout", &[ADA], "").await.status, 204);
    book.says(leaves::LOGOUT).await;
}

#[tokio::test]
async fn a_password_change_says_whose_and_never_what() {
    let book = Book::new();
    let server = axum(&book, "/password", put(password_axum::change_password)).await;
    for current in ["right", "wrong"] {
        let form = format!(r#"{{"current": "{current}", "new": "correct horse"}}"#);
        server.ask("PUT /password", &[ADA], &form).await;
    }
    book.says(leaves::PASSWORD).await;
    let events = serde_json::to_string(&book.events().await).unwrap();
    assert!(!events.contains("correct horse") && !events.contains("wrong"), "{events}");
}

#[tokio::test]
async fn an_impersonating_agent_is_the_actor_and_the_customer_stands_behind() {
    let book = Book::new();
    let app = |acting_for: Option<&str>| {
        let user =
            impersonation::SignedIn { id: "agent_7".to_owned(), acting_for: acting_for.map(str::to_owned) };
        Router::new()
            .route("/impersonations", post(impersonation::impersonate))
            .route("/invoices/{id}", put(impersonation::update))
            .layer(Extension(user))
            .layer(AuditLayer::new(book.lodger.clone()))
    };
    let request = r#"{"customer": "u_1", "ticket": "T-12"}"#;
    Server::axum(app(None)).await.ask("POST /impersonations", &[], request).await;
    Server::axum(app(Some("u_1"))).await.ask("PUT /invoices/7", &[], "").await;
    book.says(leaves::IMPERSONATION).await;
}

#[lodger_axum::audited("invoice.update")]
async fn update() {}

#[lodger_actix::audited("invoice.update")]
async fn update_on_actix() -> &'static str {
    "done"
}

#[tokio::test]
async fn an_api_key_is_a_service_and_a_wrong_key_is_nobody() {
    let check = async |book: Book, server: Server| {
        assert_eq!(server.ask("PUT /invoices/7", &[("x-api-key", "s3cr3t")], "").await.status, 200);
        assert_eq!(server.ask("PUT /invoices/7", &[("x-api-key", "key_7")], "").await.status, 401);
        book.says(leaves::API_KEYS).await;
    };
    let book = Book::new();
    let audit = AuditLayer::new(book.lodger.clone()).on(ALL);
    let app = Router::new().route("/invoices/{id}", put(update));
    let server = Server::axum(app.layer(layer_fn(api_keys_axum::authenticate)).layer(audit)).await;
    check(book, server).await;
    let book = Book::new();
    let audit = AuditMiddleware::new(book.lodger.clone()).on(ALL);
    let server = actix_with(audit, || {
        web::resource("/invoices/{id}").put(update_on_actix).wrap(from_fn(api_keys_actix::authenticate))
    });
    check(book, server).await;
}

#[tokio::test]
async fn the_subject_of_a_verified_token_is_the_actor_and_a_forged_token_names_nobody() {
    hs256::install();
    let token = |secret: &[u8]| {
        let claims = Claims { sub: "ada".to_owned(), org: "acme".to_owned(), exp: 4_000_000_000 };
        format!("Bearer {}", encode(&Header::default(), &claims, &EncodingKey::from_secret(secret)).unwrap())
    };
    let (good, forged) = (token(jwt::SECRET), token(b"a guess"));
    let check = async |book: Book, server: Server| {
        assert_eq!(server.ask("PUT /invoices/7", &[("authorization", &good)], "").await.status, 200);
        assert_eq!(server.ask("PUT /invoices/7", &[("authorization", &forged)], "").await.status, 401);
        book.says(leaves::JWT).await;
    };
    let book = Book::new();
    let app = Router::new().route("/invoices/{id}", put(jwt_axum::update));
    let server = Server::axum(app.layer(AuditLayer::new(book.lodger.clone()).on(ALL))).await;
    check(book, server).await;
    let book = Book::new();
    let audit = AuditMiddleware::new(book.lodger.clone()).on(ALL);
    let server = actix_with(audit, || jwt_actix::update);
    check(book, server).await;
}

/// Logs in, changes something with the session's cookie, and holds that events carry nothing but a hash of it.
async fn logs_in_and_changes(book: &Book, server: Server, form: &str, leaves: &[&str]) {
    let login = server.ask("POST /login", &[], form).await;
    assert_eq!(login.status, 200);
    let session = login.cookies.split_once('=').unwrap().1.to_owned();
    let cookie = ("cookie", login.cookies.as_str());
    assert_eq!(server.ask("PUT /invoices/7", &[cookie], "").await.status, 200);
    book.says(leaves).await;
    let events = serde_json::to_string(&book.events().await).unwrap();
    assert!(!events.contains(&session), "{events}");
}

const FORM: &str = r#"["ada", "right"]"#;

#[tokio::test]
async fn the_user_of_axum_login_is_the_actor() {
    let book = Book::new();
    let server = Server::axum(axum_login::app(book.lodger.clone())).await;
    logs_in_and_changes(&book, server, FORM, leaves::AXUM_LOGIN).await;
    assert_eq!(server.ask("PUT /invoices/7", &[], "").await.status, 401);
    assert_eq!(server.ask("POST /login", &[], r#"["ada", "wrong"]"#).await.status, 401);
    let last = book.events().await.pop().unwrap();
    assert_eq!((last.actor.id.as_str(), last.outcome), ("anonymous", Outcome::Denied));
}

#[tokio::test]
async fn the_user_in_a_tower_session_is_the_actor_and_the_session_a_keyed_hash() {
    let book = Book::new();
    let server = Server::axum(tower_sessions_axum::app(book.lodger.clone())).await;
    logs_in_and_changes(&book, server, "", leaves::TOWER_SESSIONS).await;
    // As docs/redaction.md says what the hash is of: the key, the kind of value, the value.
    let login = server.ask("POST /login", &[], "").await;
    server.ask("PUT /invoices/7", &[("cookie", &login.cookies)], "").await;
    let expected = book.lodger.hash_key().hash("session", login.cookies.split_once('=').unwrap().1);
    let last = book.events().await.pop().unwrap();
    assert_eq!(last.request.unwrap().session.unwrap(), expected);
}

#[tokio::test]
async fn the_user_of_actix_identity_is_the_actor() {
    let book = Book::new();
    let lodger = book.lodger.clone();
    let server = Server::actix(move |listener| actix_identity_actix::serve(lodger, listener));
    logs_in_and_changes(&book, server, FORM, leaves::ACTIX_IDENTITY).await;
    assert_eq!(server.ask("PUT /invoices/7", &[], "").await.status, 401);
}

#[tokio::test]
async fn the_user_in_an_actix_session_is_the_actor_and_the_session_a_keyed_hash() {
    let book = Book::new();
    let lodger = book.lodger.clone();
    let server = Server::actix(move |listener| actix_session_actix::serve(lodger, listener));
    logs_in_and_changes(&book, server, "", leaves::ACTIX_SESSION).await;
    let last = book.events().await.pop().unwrap();
    let expected = book.lodger.hash_key().hash("session", "128 random bits");
    assert_eq!(last.request.unwrap().session.unwrap(), expected);
}

#[tokio::test]
async fn the_tenant_is_one_of_the_users_own() {
    let book = Book::new();
    let app = Router::new()
        .route("/invoices/{id}", put(async || ()))
        .route("/orgs/{org}/members/{member}", axum::routing::delete(tenants::remove))
        .layer(layer_fn(tenants::authenticate));
    let audit = AuditLayer::new(book.lodger.clone()).rule("PUT /invoices/{id}", "invoice.update");
    let server = Server::axum(app.layer(audit)).await;
    assert_eq!(server.ask("PUT /invoices/7", &[ADA, ("x-org", "acme")], "").await.status, 200);
    assert_eq!(server.ask("PUT /invoices/7", &[ADA, ("x-org", "umbrella")], "").await.status, 403);
    assert_eq!(server.ask("DELETE /orgs/acme/members/m_3", &[ADA], "").await.status, 200);
    assert_eq!(server.ask("DELETE /orgs/umbrella/members/m_3", &[ADA], "").await.status, 403);
    book.says(leaves::TENANTS).await;
}
