//! The ready routes for activity tokens: both frameworks answer alike, and nobody chooses whose activity it is.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

#[path = "../../lodger-core/tests/loopback/mod.rs"]
mod loopback;

use std::collections::BTreeMap;
use std::time::Duration;

use actix_web::test::{TestRequest, call_service, init_service, read_body};
use axum::body::{Body, to_bytes};
use lodger_core::Lodger;
use lodger_core::capture::Guarantee;
use lodger_core::client::ActivityTokens;
use lodger_core::destination::MemoryDestination;
use lodger_core::event::{Actor, ToActor};
use lodger_core::service::Retries;
use lodger_core::service::lodger::LodgerApi;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use loopback::{Loopback, Reply, Step};

const CANARY: &str = "lodger_sk_canary_5d41402abc4b2a76";

/// A request that tries to say whose activity it wants, in every way there is.
const GREEDY: &str = "/users/mallory/activity-token?subject=mallory&actor=mallory&user=mallory&expiresIn=1";
const GREEDY_HEADERS: [(&str, &str); 5] = [
    ("content-type", "application/json"),
    ("x-subject", "mallory"),
    ("x-user-id", "mallory"),
    ("x-http-method-override", "GET"),
    ("idempotency-key", "mallory-chose-this"),
];
const GREEDY_BODY: &str =
    r#"{"subject":"mallory","actor":{"id":"mallory","kind":"user"},"expiresInSeconds":1}"#;

/// What authentication leaves in the request's extensions.
#[derive(Clone)]
struct User(Actor);

impl ToActor for User {
    fn to_actor(&self) -> Actor {
        self.0.clone()
    }
}

/// How the request is signed in.
#[derive(Clone, Default)]
struct SignedIn {
    /// By `set_actor`.
    named: Option<Actor>,
    /// By the layer's resolver.
    resolved: Option<Actor>,
}

impl SignedIn {
    fn as_(actor: Actor) -> Self {
        Self { named: Some(actor), resolved: None }
    }
}

#[derive(Debug, PartialEq)]
struct Answer {
    status: u16,
    headers: BTreeMap<String, String>,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    fn error(&self) -> (u16, String) {
        assert_eq!(self.headers["cache-control"], "no-store");
        (self.status, self.json()["error"].as_str().unwrap().to_owned())
    }
}

fn client() -> Lodger {
    Lodger::builder().destination(MemoryDestination::new()).in_memory_journal().build().unwrap()
}

async fn axum(tokens: ActivityTokens, who: SignedIn, method: &str) -> Answer {
    use lodger_axum::{AuditLayer, SetActor as _, activity_token_route};

    let layer = AuditLayer::new(client()).guarantee(Guarantee::Queued).actor_ext::<User>();
    let app: axum::Router =
        axum::Router::new().route("/users/{user}/activity-token", activity_token_route(tokens)).layer(layer);
    let mut request = axum::http::Request::builder().method(method).uri(GREEDY);
    for (name, value) in GREEDY_HEADERS {
        request = request.header(name, value);
    }
    let mut request = request.body(Body::from(GREEDY_BODY)).unwrap();
    if let Some(actor) = &who.named {
        request.set_actor(actor);
    }
    if let Some(actor) = who.resolved {
        request.extensions_mut().insert(User(actor));
    }
    let response = app.oneshot(request).await.unwrap();
    let headers = response.headers().iter();
    let headers =
        headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
    let status = response.status().as_u16();
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    Answer { status, headers, body: String::from_utf8(body.to_vec()).unwrap() }
}

async fn actix(tokens: ActivityTokens, who: SignedIn, method: &str) -> Answer {
    use actix_web::dev::Service as _;
    use actix_web::{App, HttpMessage as _, web};
    use lodger_actix::{AuditMiddleware, SetActor as _, activity_token_route};

    let route = web::resource("/users/{user}/activity-token").route(activity_token_route(tokens));
    let audit = AuditMiddleware::new(client()).guarantee(Guarantee::Queued).actor_ext::<User>();
    let app = init_service(App::new().service(route).wrap(audit).wrap_fn(move |request, next| {
        if let Some(actor) = &who.named {
            request.set_actor(actor);
        }
        if let Some(actor) = &who.resolved {
            request.extensions_mut().insert(User(actor.clone()));
        }
        next.call(request)
    }))
    .await;
    let mut request = TestRequest::with_uri(GREEDY).method(method.parse().unwrap()).set_payload(GREEDY_BODY);
    for header in GREEDY_HEADERS {
        request = request.insert_header(header);
    }
    let response = call_service(&app, request.to_request()).await;
    let headers = response.headers().iter();
    let headers =
        headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
    let status = response.status().as_u16();
    let body = read_body(response).await;
    Answer { status, headers, body: String::from_utf8(body.to_vec()).unwrap() }
}

/// What both frameworks answer, which is the same.
async fn asked(tokens: &ActivityTokens, who: SignedIn, method: &str) -> Answer {
    let axum = axum(tokens.clone(), who.clone(), method).await;
    let mut actix = actix(tokens.clone(), who, method).await;
    // axum knows how long a body is, actix says so when it sends it.
    actix.headers.extend(
        axum.headers.get("content-length").map(|length| ("content-length".to_owned(), length.clone())),
    );
    assert_eq!(axum, actix);
    axum
}

fn api(server: &Loopback) -> LodgerApi {
    let builder = LodgerApi::builder("org_1", "core").api_key(CANARY).api_base(server.base());
    builder.retries(Retries::none()).build().unwrap()
}

/// The service's answer for this subject.
fn token(subject: &str) -> Value {
    json!({"token": "act_1", "activityUrl": "https://lodger.dev/activity#token=act_1", "subject": subject,
        "workspaceId": "org_1", "projectId": "core", "expiresAt": "2026-05-15T12:15:00.000Z"})
}

async fn minting(subject: &str) -> Loopback {
    Loopback::replying(Reply::json(201, &token(subject))).await
}

#[actix_web::test]
async fn a_signed_in_user_gets_a_token_for_nobody_but_them() {
    let server = minting("ada").await;
    for who in [
        SignedIn::as_(Actor::user("ada")),
        SignedIn::as_(Actor::user("ada").tenant(" ")),
        SignedIn { named: None, resolved: Some(Actor::user("ada")) },
        // Authentication has the first word.
        SignedIn { named: Some(Actor::user("ada")), resolved: Some(Actor::user("mallory")) },
    ] {
        let answer = asked(&api(&server).into(), who, "POST").await;
        assert_eq!(answer.status, 200);
        assert_eq!(
            answer.json(),
            json!({"token": "act_1", "activityUrl": "https://lodger.dev/activity#token=act_1",
                "expiresAt": "2026-05-15T12:15:00.000Z"})
        );
        assert_eq!(answer.headers["cache-control"], "no-store");
        assert_eq!(answer.headers["content-type"], "application/json");
    }
    let requests = server.requests();
    assert_eq!(requests.len(), 8);
    for request in requests {
        assert_eq!(
            (request.method.as_str(), request.path.as_str()),
            ("POST", "/v1/workspaces/org_1/activity-tokens")
        );
        assert_eq!(request.json(), json!({"projectId": "core", "subject": "ada"}));
        let sent = format!("{:?}", request.headers);
        assert!(!sent.contains("mallory"), "{sent}");
    }
}

#[actix_web::test]
async fn the_subject_and_the_lifetime_are_what_the_application_says() {
    let server = minting("acme").await;
    let tokens = ActivityTokens::new(api(&server))
        .subject(|actor| actor.tenant.clone())
        .expires_in(Duration::from_millis(900_500));
    let answer = asked(&tokens, SignedIn::as_(Actor::user("ada").tenant("acme")), "POST").await;
    assert_eq!(answer.status, 200);
    let expected = json!({"projectId": "core", "subject": "acme", "expiresInSeconds": 900});
    assert!(server.requests().iter().all(|request| request.json() == expected), "{:?}", server.requests());

    let answer = asked(&tokens, SignedIn::as_(Actor::user("without a tenant")), "POST").await;
    assert_eq!(answer.error(), (403, "no_subject".to_owned()));
    let answer = asked(&tokens, SignedIn::as_(Actor::user("ada").tenant(" ")), "POST").await;
    assert_eq!(answer.error(), (403, "no_subject".to_owned()));
    assert_eq!(server.requests().len(), 2);
}

/// The same id in another tenant may be another person's.
#[actix_web::test]
async fn a_user_of_a_tenant_gets_no_token_before_somebody_says_whose_activity_it_opens() {
    let server = minting("ada").await;
    let ada = || SignedIn::as_(Actor::user("ada").tenant("acme"));
    let answer = asked(&api(&server).into(), ada(), "POST").await;
    assert_eq!(answer.error(), (500, "activity_misconfigured".to_owned()));
    assert_eq!(server.requests(), []);
    let chosen = ActivityTokens::new(api(&server)).subject(|actor| Some(actor.id.clone()));
    assert_eq!(asked(&chosen, ada(), "POST").await.status, 200);
}

#[actix_web::test]
async fn who_is_not_signed_in_gets_no_token() {
    let server = minting("mallory").await;
    let mut unresolved = Actor::anonymous();
    unresolved.kind = lodger_core::event::ActorKind::Unresolved;
    for (who, status, error) in [
        (SignedIn::default(), 401, "not_signed_in"),
        (SignedIn::as_(Actor::anonymous()), 401, "not_signed_in"),
        (SignedIn::as_(unresolved), 401, "not_signed_in"),
        (SignedIn::as_(Actor::user(" ")), 401, "not_signed_in"),
        (SignedIn::as_(Actor::service("billing")), 403, "not_a_user"),
        (SignedIn::as_(Actor::system("cron")), 403, "not_a_user"),
    ] {
        let answer = asked(&api(&server).into(), who, "POST").await;
        assert_eq!(answer.error(), (status, error.to_owned()));
    }
    assert_eq!(server.requests(), []);
}

#[actix_web::test]
async fn only_post_makes_a_token() {
    let server = minting("ada").await;
    for method in ["GET", "HEAD", "PUT", "DELETE"] {
        for answer in [
            axum(api(&server).into(), SignedIn::as_(Actor::user("ada")), method).await,
            actix(api(&server).into(), SignedIn::as_(Actor::user("ada")), method).await,
        ] {
            assert_eq!((answer.status, answer.body.as_str()), (405, ""), "{method}");
        }
    }
    assert_eq!(server.requests(), []);
}

#[actix_web::test]
async fn without_a_layer_there_is_an_error_that_says_what_to_do_and_no_token() {
    let server = minting("ada").await;
    let tokens = ActivityTokens::new(api(&server));
    let app: axum::Router =
        axum::Router::new().route("/token", lodger_axum::activity_token_route(tokens.clone()));
    let request = axum::http::Request::post("/token").body(Body::empty()).unwrap();
    let response = app.oneshot(request).await.unwrap();
    assert_eq!(response.status(), 500);
    assert_eq!(response.headers()["cache-control"], "no-store");
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    assert!(String::from_utf8_lossy(&body).contains("add `.layer(lodger_axum::AuditLayer::new(lodger))`"));

    let route = lodger_actix::activity_token_route(tokens);
    let app = init_service(actix_web::App::new().route("/token", route)).await;
    let response = call_service(&app, TestRequest::post().uri("/token").to_request()).await;
    assert_eq!(response.status(), 500);
    assert_eq!(response.headers().get("cache-control").unwrap(), "no-store");
    let body = read_body(response).await;
    assert!(
        String::from_utf8_lossy(&body).contains("add `.wrap(lodger_actix::AuditMiddleware::new(lodger))`")
    );
    assert_eq!(server.requests(), []);
}

#[actix_web::test]
async fn what_the_service_says_stays_between_it_and_us() {
    let echo =
        |status| Reply::json(status, &json!({"error": "canary", "detail": format!("canary {CANARY}")}));
    let huge = "canary ".repeat(100_000);
    for (step, status, error, retry_after) in [
        (Step::Reply(echo(429).header("retry-after", "30")), 503, "activity_unavailable", Some("30")),
        (Step::Reply(echo(503)), 503, "activity_unavailable", None),
        (Step::Reply(echo(500)), 503, "activity_unavailable", None),
        (Step::Reply(echo(401)), 502, "activity_failed", None),
        (Step::Reply(echo(403).header("retry-after", "7")), 502, "activity_failed", Some("7")),
        (Step::Reply(echo(302).header("location", "/canary")), 502, "activity_failed", None),
        (Step::Reply(echo(200)), 502, "activity_failed", None),
        (Step::Reply(Reply::text(200, &huge)), 502, "activity_failed", None),
        (Step::Reply(Reply::json(201, &token("mallory"))), 502, "activity_failed", None),
        (Step::Endless(200), 502, "activity_failed", None),
        (Step::Close, 503, "activity_unavailable", None),
        (Step::Reset, 503, "activity_unavailable", None),
    ] {
        let what = format!("{step:.100?}");
        let server = Loopback::start(step).await;
        let tokens = ActivityTokens::new(api(&server));
        let answer = asked(&tokens, SignedIn::as_(Actor::user("ada")), "POST").await;
        assert_eq!(answer.error(), (status, error.to_owned()), "{what}");
        assert_eq!(answer.headers.get("retry-after").map(String::as_str), retry_after, "{what}");
        assert!(answer.body.len() < 200, "{what}: {}", answer.body);
        for secret in ["canary", "act_1", "mallory"] {
            assert!(!format!("{answer:?}{tokens:?}").contains(secret), "{what}: {answer:?}");
        }
    }
}

#[actix_web::test]
async fn a_client_that_can_not_ask_is_the_servers_mistake() {
    let server = minting("ada").await;
    let keyless = LodgerApi::builder("org_1", "core").api_base(server.base()).build().unwrap();
    let answer = asked(&keyless.into(), SignedIn::as_(Actor::user("ada")), "POST").await;
    assert_eq!(answer.error(), (500, "activity_misconfigured".to_owned()));
    assert_eq!(server.requests(), []);
}
