//! Events that are as large or as deep as they may be, and one too large or too deep, through a real client and both
//! frameworks: taken and delivered whole, refused with the name of the field, or trimmed and marked.
//!
//! The limits themselves stand, byte by byte, in `lodger-core/src/event/limits/tests.rs`.
#![expect(clippy::unwrap_used, reason = "a test that can't go on should stop right there, with a backtrace")]

use std::time::Duration;

use lodger_core::Lodger;
use lodger_core::destination::MemoryDestination;
use lodger_core::event::Event;
use serde_json::{Map, Value, json};

/// How long to wait for what must come.
const PATIENCE: Duration = Duration::from_secs(60);

/// The most bytes of canonical JSON that an event may have (DESIGN, the table of fields).
const MOST: usize = 65_536;

/// Records an event with this in its metadata, as an application would. The text of a refusal.
async fn record(lodger: &Lodger, value: Value) -> Result<(), String> {
    let event = Event::builder("report.store")
        .metadata("filler", value)
        .build()
        .map_err(|error| error.to_string())?;
    lodger.record(event).await.map(drop).map_err(|error| error.to_string())
}

async fn delivered(lodger: &Lodger, memory: &MemoryDestination) -> Event {
    lodger.flush(PATIENCE).await.unwrap();
    memory.events().pop().unwrap()
}

fn client() -> (Lodger, MemoryDestination) {
    let memory = MemoryDestination::new();
    let lodger = Lodger::builder().destination(memory.clone()).in_memory_journal().service("sizes");
    (lodger.build().unwrap(), memory)
}

#[tokio::test]
async fn an_event_of_64_kib_is_delivered_whole_and_one_byte_more_is_refused() {
    let (lodger, memory) = client();
    let filler = |bytes: usize| Value::from("x".repeat(bytes));
    // The largest that is taken, whatever the rest of the event takes.
    let (mut taken, mut refused) = (MOST / 2, MOST);
    while refused - taken > 1 {
        let middle = (taken + refused) / 2;
        match record(&lodger, filler(middle)).await {
            Ok(()) => taken = middle,
            Err(_) => refused = middle,
        }
    }
    record(&lodger, filler(taken)).await.unwrap();
    let event = delivered(&lodger, &memory).await;
    assert_eq!(event.metadata["filler"], filler(taken));
    assert!(event.trimmed.is_empty());
    let error = record(&lodger, filler(refused)).await.unwrap_err();
    assert!(error.contains("metadata") && error.contains("65536 bytes"), "{error}");
    // What the journal adds, the writer and the sequence, comes on top.
    let bytes = event.to_canonical_json().unwrap().len();
    assert!((MOST..MOST + 200).contains(&bytes), "{bytes}");
}

#[tokio::test]
async fn a_value_16_deep_is_delivered_whole_and_one_deeper_is_refused() {
    let (lodger, memory) = client();
    let nested = |levels: usize| (0..levels).fold(json!(1), |inner, _| json!([inner]));
    // The event and its metadata are the first two.
    record(&lodger, nested(14)).await.unwrap();
    assert_eq!(delivered(&lodger, &memory).await.metadata["filler"], nested(14));
    let error = record(&lodger, nested(15)).await.unwrap_err();
    assert!(error.contains("metadata.filler") && error.contains("at most 16"), "{error}");
    let error = record(&lodger, nested(120)).await.unwrap_err();
    assert!(error.contains("metadata.filler"), "{error}");
}

fn members(number: usize) -> Value {
    let members: Map<String, Value> = (0..number).map(|index| (format!("k{index}"), json!(index))).collect();
    members.into()
}

#[tokio::test]
async fn a_million_members_are_refused_by_name() {
    let (lodger, memory) = client();
    let error = record(&lodger, members(1_000_000)).await.unwrap_err();
    assert!(error.contains("metadata"), "{error}");
    assert!(error.len() < 10_000, "a short text: {}", error.len());
    assert!(memory.events().is_empty());
}

/// The layer has nobody to refuse to: the event is recorded without them, and says so.
#[track_caller]
fn assert_trimmed(event: &Event) {
    assert_eq!(event.action, "report.store");
    assert!(event.to_canonical_json().unwrap().len() < MOST + 200);
    let trimmed: Vec<&str> = event.trimmed.iter().map(|trimmed| &*trimmed.name).collect();
    assert!(trimmed.iter().any(|name| name.starts_with("metadata")), "{trimmed:?}");
}

mod on_axum {
    use axum::Router;
    use axum::body::Body;
    use axum::http::{Request, StatusCode};
    use axum::routing::post;
    use lodger_axum::{Audit, AuditLayer, audited};
    use tower::ServiceExt;

    #[audited("report.store", target(report = 1))]
    async fn store(audit: Audit) -> Result<StatusCode, StatusCode> {
        audit.metadata("rows", super::members(100_000));
        Ok(StatusCode::CREATED)
    }

    #[tokio::test]
    async fn a_hundred_thousand_members_are_trimmed() {
        let (lodger, memory) = super::client();
        let app = Router::new()
            .route("/", post(store))
            .layer(AuditLayer::new(lodger.clone()).guarantee(lodger_axum::Guarantee::Queued));
        let response = app.oneshot(Request::post("/").body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), 201);
        super::assert_trimmed(&super::delivered(&lodger, &memory).await);
    }
}

mod on_actix {
    use actix_web::web::post;
    use actix_web::{App, HttpResponse, test};
    use lodger_actix::{Audit, AuditMiddleware, audited};

    #[audited("report.store", target(report = 1))]
    async fn store(audit: Audit) -> Result<HttpResponse, actix_web::Error> {
        audit.metadata("rows", super::members(100_000));
        Ok(HttpResponse::Created().finish())
    }

    #[actix_web::test]
    async fn a_hundred_thousand_members_are_trimmed() {
        let (lodger, memory) = super::client();
        let middleware = AuditMiddleware::new(lodger.clone()).guarantee(lodger_actix::Guarantee::Queued);
        let app = test::init_service(App::new().route("/", post().to(store)).wrap(middleware)).await;
        let response = test::call_service(&app, test::TestRequest::post().uri("/").to_request()).await;
        assert_eq!(response.status(), 201);
        super::assert_trimmed(&super::delivered(&lodger, &memory).await);
    }
}
