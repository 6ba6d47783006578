//! A hostile Archiva, and what its client makes of it.

#![cfg(feature = "http")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests say what must hold")]

mod loopback;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lodger_core::Lodger;
use lodger_core::destination::{Answer, ArchivaDestination, Delivery, Destination};
use lodger_core::event::{Actor, Event, Target};
use lodger_core::service::Retries;
use lodger_core::service::archiva::{
    ArchivaApi, ArchivaApiBuilder, ArchivaError, Authentication, EventCall, ListCall,
};
use serde_json::{Value, json};

use loopback::{Loopback, Reply, Step};

const CANARY: &str = "pk_live_canary_5d41402abc4b2a76";

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(60);

fn client(base: &str) -> ArchivaApiBuilder {
    ArchivaApi::builder().api_key(CANARY).api_base(base)
}

fn call() -> EventCall {
    EventCall::new("invoice.create", "invoice", "inv_001", "usr_123")
}

fn created(status: u16) -> Step {
    Step::Reply(Reply::json(status, &json!({"eventId": "evt_1"})))
}

fn event(number: u64) -> Event {
    let event =
        Event::builder("invoice.update").actor(Actor::user("ada")).target(Target::new("invoice", number));
    event.build().unwrap()
}

fn delivery(number: u64) -> [Delivery; 1] {
    let event = event(number);
    let bytes = event.to_canonical_json().unwrap();
    [Delivery::new(event.into(), bytes.into())]
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_under_the_same_key_and_with_the_same_bytes() {
    let server = Loopback::start(created(200)).await;
    server.answer_by({
        let mut steps = vec![created(200), Step::Reply(Reply::text(201, "<html>")), Step::Reset];
        move |_| steps.pop().unwrap()
    });
    let api = client(&server.base()).build().unwrap();
    let event = api.create_event(call().idempotency_key("inv_001")).await.unwrap();
    assert_eq!((event.event_id.as_deref(), event.replayed), (Some("evt_1"), true));
    let requests = server.requests();
    assert_eq!(requests.len(), 3);
    assert!(requests.iter().all(|request| *request == requests[0]));
}

#[tokio::test]
async fn without_a_key_nothing_is_sent_twice_that_may_be_there() {
    for (step, status) in [
        (Step::Close, None),
        (Step::Reset, None),
        (Step::Reply(Reply::text(500, "")), Some(500)),
        (Step::Reply(Reply::text(503, "")), Some(503)),
        (Step::Reply(Reply::text(201, "OK")), Some(201)),
    ] {
        let server = Loopback::start(step).await;
        let error = client(&server.base()).build().unwrap().create_event(call()).await.unwrap_err();
        assert_eq!((error.status(), server.requests().len()), (status, 1), "{error:?}");
        assert!(error.is_retryable(), "{error:?}");
    }
    // Over the rate nothing was recorded.
    let server = Loopback::start(Step::Close).await;
    server.answer_by({
        let mut steps = vec![created(201), Step::Reply(Reply::text(429, "").header("retry-after", "0"))];
        move |_| steps.pop().unwrap()
    });
    assert!(!client(&server.base()).build().unwrap().create_event(call()).await.unwrap().replayed);
}

#[tokio::test]
async fn what_nobody_would_call_an_answer_is_an_error() {
    let once = |server: &Loopback| client(&server.base()).retries(Retries::none()).build().unwrap();
    let server = Loopback::start(Step::Endless(201)).await;
    let error = once(&server).create_event(call()).await.unwrap_err();
    assert!(matches!(error, ArchivaError::Unreadable { .. }), "{error:?}");
    let error = once(&server).list(ListCall::new()).await.unwrap_err();
    assert!(matches!(error, ArchivaError::Unreadable { .. }), "{error:?}");

    let elsewhere = Loopback::start(created(201)).await;
    let moved = Reply::text(307, "").header("location", &format!("{}/api/ingest/event", elsewhere.base()));
    let server = Loopback::replying(moved).await;
    let error = once(&server).create_event(call().idempotency_key("k")).await.unwrap_err();
    assert_eq!((error.status(), error.is_retryable()), (Some(307), false));
    assert_eq!(elsewhere.requests(), []);

    let server = Loopback::replying(Reply::json(409, &json!({"error": "Another body"}))).await;
    let error =
        client(&server.base()).build().unwrap().create_event(call().idempotency_key("k")).await.unwrap_err();
    assert!(matches!(error, ArchivaError::IdempotencyConflict(_)), "{error:?}");
    assert_eq!((error.message(), server.requests().len()), (Some("Another body"), 1));
}

#[tokio::test]
async fn a_key_that_the_service_repeats_is_told_nobody() {
    let echo = json!({"error": format!("no such key: {CANARY}"), "key": CANARY});
    for authentication in [Authentication::Bearer, Authentication::ProjectKey] {
        let server = Loopback::replying(Reply::json(401, &echo)).await;
        let api = client(&server.base()).authentication(authentication).build().unwrap();
        let error = api.create_event(call()).await.unwrap_err();
        let answer = ArchivaDestination::new(api.clone()).deliver(&delivery(1)).await.remove(0);
        assert!(matches!(answer, Answer::Pause(_)), "{answer:?}");
        let text = format!("{error} {error:?} {:?} {answer:?} {api:?}", error.body());
        assert!(text.contains("no such key: [key]") && !text.contains(CANARY), "{text}");
        let replaced = api.replace_api_key(format!("{CANARY}\r\nx: y")).unwrap_err();
        assert!(!format!("{replaced} {replaced:?}").contains(CANARY));
    }
}

#[tokio::test]
async fn a_429_of_one_holds_for_all_that_use_the_key_and_for_nobody_else() {
    let server = Loopback::replying(Reply::text(429, "").header("retry-after", "3600")).await;
    let api = client(&server.base()).build().unwrap();
    let error = api.create_event(call().idempotency_key("k")).await.unwrap_err();
    assert_eq!((error.status(), error.retry_after()), (Some(429), Some(Duration::from_secs(3_600))));

    // A clone, a client of its own, and a destination.
    let same = client(&server.base()).build().unwrap();
    for api in [api.clone(), same.clone()] {
        let error = api.create_event(call().idempotency_key("k")).await.unwrap_err();
        assert!(matches!(error, ArchivaError::RateLimited { answer: None, .. }), "{error:?}");
        assert!(error.retry_after().is_some_and(|left| left > LONG), "{error:?}");
    }
    let destination = ArchivaDestination::new(same);
    let answer = destination.deliver(&delivery(1)).await.remove(0);
    assert!(matches!(answer, Answer::Retry { after: Some(after), .. } if after > LONG), "{answer:?}");
    assert_eq!(server.requests().len(), 1, "nobody asked again");

    server.answer_by(|request| match request.method.as_str() {
        "GET" => Step::Reply(Reply::json(200, &json!({"events": []}))),
        _ => created(201),
    });
    assert!(api.list(ListCall::new()).await.unwrap().events.is_empty(), "reads are not limited");
    destination.replace_api_key("pk_live_another").unwrap();
    let answer = destination.deliver(&delivery(1)).await.remove(0);
    assert!(matches!(answer, Answer::Settled(_)), "{answer:?}");
    assert!(api.create_event(call()).await.is_err(), "the first key is as it was");
}

#[tokio::test]
async fn direct_calls_and_the_destination_are_counted_together() {
    let server = Loopback::start(created(201)).await;
    // Two places, each of which rests for ten seconds.
    let api = client(&server.base()).requests_per_minute(14).build().unwrap();
    let destination =
        ArchivaDestination::new(client(&server.base()).requests_per_minute(14).build().unwrap());
    api.create_event(call()).await.unwrap();
    assert!(matches!(&destination.deliver(&delivery(1)).await[..], [Answer::Settled(_)]));

    // However long it takes to be sure: a third one leaves only when the first has rested.
    let soon = Duration::from_millis(50);
    assert!(tokio::time::timeout(soon, api.create_event(call())).await.is_err());
    assert!(tokio::time::timeout(soon, destination.deliver(&delivery(2))).await.is_err());
    assert_eq!(server.requests().len(), 2, "who waits has sent nothing");
    destination.api().replace_api_key("pk_live_another").unwrap();
    destination.deliver(&delivery(2)).await;
    assert_eq!(server.requests().len(), 3, "another key has another count");
}

#[tokio::test]
async fn many_events_have_one_result_each_in_their_order() {
    let server = Loopback::start(created(201)).await;
    server.answer_by(|request| match request.json()["entityId"].as_str().unwrap() {
        "inv_2" => Step::Reply(Reply::json(400, &json!({"error": "rejected"}))),
        "inv_3" => created(200),
        _ => created(201),
    });
    let api = client(&server.base()).build().unwrap();
    let calls = (1..=4).map(|number| EventCall::new("a.b", "invoice", format!("inv_{number}"), "u"));
    let mut calls: Vec<_> = calls.collect();
    calls[2] = calls[2].clone().idempotency_key("theirs");
    calls.push(EventCall::new("a".repeat(65), "invoice", "inv_5", "u"));
    let results = api.create_events(calls).await;
    let shown: Vec<_> = results
        .iter()
        .map(|result| match result {
            Ok(event) => if event.replayed { "there" } else { "new" }.to_owned(),
            Err(error) => error.to_string(),
        })
        .collect();
    let long = "actionKey is longer than 64 characters: it has 65";
    assert_eq!(shown, ["new", "Archiva answered 400: rejected", "there", "new", long]);
    let requests = server.requests();
    let keys: BTreeSet<&str> =
        requests.iter().map(|request| request.headers["idempotency-key"].as_str()).collect();
    assert_eq!((requests.len(), keys.len()), (4, 4));
    assert_eq!(requests[2].headers["idempotency-key"], "theirs");
}

#[tokio::test]
async fn one_of_many_that_is_over_the_rate_waits_for_its_turn_as_those_after_it() {
    let server = Loopback::start(created(201)).await;
    server.answer_by({
        let mut limited = false;
        move |request| match request.json()["entityId"].as_str().unwrap() {
            "inv_2" if !std::mem::replace(&mut limited, true) => {
                Step::Reply(Reply::text(429, "").header("retry-after", "1"))
            }
            _ => created(201),
        }
    });
    // A call on its own would not wait so long.
    let retries = Retries::up_to(1).longest_pause(Duration::ZERO);
    let api = client(&server.base()).retries(retries).build().unwrap();
    let calls = (1..=3).map(|number| EventCall::new("a.b", "invoice", format!("inv_{number}"), "u"));
    let results = api.create_events(calls).await;
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    let requests = server.requests();
    let asked: Vec<_> = requests.iter().map(|request| request.json()["entityId"].clone()).collect();
    assert_eq!(asked, ["inv_1", "inv_2", "inv_2", "inv_3"]);
    assert_eq!(requests[1], requests[2], "the same key and bytes");
}

async fn read_all(server: &Loopback) -> (Vec<String>, Option<ArchivaError>) {
    let mut pages =
        client(&server.base()).build().unwrap().list_all(ListCall::new().entity_id("a b&c").limit(2));
    let mut ids = Vec::new();
    while let Some(event) = pages.next().await {
        match event {
            Ok(event) => ids.push(event.event_id().unwrap().to_owned()),
            Err(error) => return (ids, Some(error)),
        }
    }
    (ids, None)
}

fn page(ids: &[u32], next: Value) -> Step {
    let events: Vec<_> = ids.iter().map(|id| json!({"eventId": format!("evt_{id}")})).collect();
    Step::Reply(Reply::json(200, &json!({"events": events, "nextCursor": next})))
}

#[tokio::test]
async fn all_pages_are_read_in_order() {
    let server = Loopback::start(Step::Close).await;
    server.answer_by(|request| match request.path.as_str() {
        "/api/events?entityId=a+b%26c&limit=2" => page(&[1, 2], json!("c/1")),
        "/api/events?entityId=a+b%26c&limit=2&cursor=c%2F1" => page(&[], json!(7)),
        "/api/events?entityId=a+b%26c&limit=2&cursor=7" => page(&[3], Value::Null),
        other => panic!("{other}"),
    });
    let (ids, error) = read_all(&server).await;
    assert_eq!(ids, ["evt_1", "evt_2", "evt_3"]);
    assert!(error.is_none(), "{error:?}");
}

/// What is wrong with a list, and its next page.
type Circle = (&'static str, Box<dyn FnMut() -> Step + Send>);

#[tokio::test]
async fn pages_that_lead_nowhere_end_with_an_error() {
    let circles: [Circle; 4] = [
        ("the cursor doesn't move", Box::new(|| page(&[1, 2], json!("c")))),
        (
            "ever new cursors, the same events",
            Box::new({
                let mut number = 0;
                move || {
                    number += 1;
                    page(&[1, 2], json!(format!("c{number}")))
                }
            }),
        ),
        (
            "ever new cursors, no events",
            Box::new({
                let mut number = 0;
                move || {
                    number += 1;
                    page(&[], json!(number))
                }
            }),
        ),
        (
            "two cursors in turns",
            Box::new({
                let mut number = 0;
                move || {
                    number += 1;
                    page(&[number], json!(number % 2))
                }
            }),
        ),
    ];
    for (what, mut step) in circles {
        let server = Loopback::start(Step::Close).await;
        server.answer_by(move |_| step());
        let (ids, error) = read_all(&server).await;
        assert!(matches!(error, Some(ArchivaError::Repeating)), "{what}: {error:?}");
        assert!(ids.len() <= 4 && server.requests().len() <= 102, "{what}: {ids:?}");
    }
}

#[tokio::test]
async fn a_list_whose_end_may_be_none_ends_with_an_error() {
    let server = Loopback::start(Step::Close).await;
    server.answer_by(|_| {
        let events = json!([{"eventId": "evt_1"}, {"eventId": "evt_2"}]);
        Step::Reply(Reply::json(200, &json!({"data": events, "pagination": {"hasNext": true, "page": 1}})))
    });
    let (ids, error) = read_all(&server).await;
    assert_eq!(ids, ["evt_1", "evt_2"]);
    assert!(
        matches!(&error, Some(ArchivaError::MaybeMore { member, .. }) if member == "pagination"),
        "{error:?}"
    );
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_read_is_made_again_and_a_token_that_expired_is_not() {
    let server = Loopback::start(Step::Close).await;
    server.answer_by({
        let mut steps = vec![page(&[1], Value::Null), Step::Reply(Reply::text(503, "")), Step::Close];
        move |_| steps.pop().unwrap()
    });
    let api = ArchivaApi::builder().api_base(server.base()).build().unwrap();
    let page = api.list(ListCall::new().bearer(" token\n")).await.unwrap();
    assert_eq!(page.events.len(), 1);
    assert_eq!(server.requests()[2].headers["authorization"], "Bearer token");

    let server = Loopback::replying(Reply::json(401, &json!({"error": "Token expired"}))).await;
    let api = ArchivaApi::builder().api_base(server.base()).build().unwrap();
    let error = api.list(ListCall::new().bearer("token")).await.unwrap_err();
    assert!(matches!(error, ArchivaError::Unauthorized(_)), "{error:?}");
    assert_eq!(server.requests().len(), 1);
    let error = api.list(ListCall::new()).await.unwrap_err();
    assert_eq!(error.to_string(), "API key is missing: set one with `api_key`");
    let error = api.list(ListCall::new().bearer("a\r\nb")).await.unwrap_err();
    assert!(matches!(error, ArchivaError::Invalid { field: "bearer", .. }), "{error:?}");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn what_the_pipeline_sends_again_has_the_same_bytes_under_the_same_key() {
    let server = Loopback::start(created(201)).await;
    let mut arrived = BTreeSet::new();
    server.answer_by(move |request| {
        let first = arrived.insert(request.headers["idempotency-key"].clone());
        // Stored, and the answer lost.
        if first { Step::Close } else { created(200) }
    });
    let destination = ArchivaDestination::new(client(&server.base()).build().unwrap());
    let lodger = Lodger::builder().destination(destination).in_memory_journal().build().unwrap();
    let events: Vec<_> = (0..3).map(event).collect();
    for event in &events {
        lodger.record(event.clone()).await.unwrap();
    }
    lodger.flush(LONG).await.unwrap();
    let mut bodies: BTreeMap<String, BTreeSet<Vec<u8>>> = BTreeMap::new();
    for request in server.requests() {
        bodies.entry(request.headers["idempotency-key"].clone()).or_default().insert(request.body);
    }
    let keys: BTreeSet<String> = events.iter().map(|event| format!("event_{}", event.id)).collect();
    assert_eq!(bodies.keys().cloned().collect::<BTreeSet<_>>(), keys);
    assert!(
        bodies.values().all(|bodies| bodies.len() == 1),
        "one body under one key, or the service says 409"
    );
}

#[tokio::test]
async fn an_event_that_breaks_a_limit_is_kept_whole_and_holds_up_no_other() {
    let server = Loopback::start(created(201)).await;
    let destination = ArchivaDestination::new(client(&server.base()).build().unwrap());
    let lodger = Lodger::builder().destination(destination).in_memory_journal().build().unwrap();
    let mut long = event(1);
    long.action = "a".repeat(65).into();
    long.idempotency_key = "webhook_evt_1".to_owned();
    let error = lodger.event(long.clone()).await.unwrap_err();
    assert_eq!(error.kind(), "dead_letter");
    let receipts = lodger.event(event(2)).await.unwrap();
    assert_eq!((receipts[0].id.as_deref(), server.requests().len()), (Some("evt_1"), 1));
    let letters = lodger.dead_letters().unwrap();
    assert_eq!((letters.len(), letters[0].id), (1, long.id));
    let reason = &letters[0].reason;
    assert!(
        reason.contains("`action` does not fit: it has 65 characters, of which Archiva takes 64"),
        "{reason}"
    );
}
