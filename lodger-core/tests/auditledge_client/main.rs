//! The client of Auditledge against a service, and a network, that misbehave.

#![cfg(feature = "http")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests say what must hold")]

mod export;
#[path = "../loopback/mod.rs"]
mod loopback;

use lodger_core::service::auditledge::{
    Actor, AuditledgeApi, AuditledgeError, EventCall, Filter, Query, Resource, StoredEvent,
};
use lodger_core::service::{Pages, Retries};
use serde_json::{Value, json};

use loopback::{Loopback, Reply, Step};

const CANARY: &str = "al_canary_5d41402abc4b2a76";

fn api(server: &Loopback) -> AuditledgeApi {
    AuditledgeApi::builder().api_key(CANARY).api_base(server.base()).retries(Retries::none()).build().unwrap()
}

fn call() -> EventCall {
    EventCall::new("invoice.deleted", Actor::new("user_123"), Resource::new("invoice", "inv_456"))
}

fn stored(number: u64) -> Value {
    json!({
        "id": format!("event-{number}"),
        "timestamp": "2026-05-13T10:23:00.000Z",
        "actor_id": "user_123",
        "action": "invoice.deleted",
        "resource_type": "invoice",
        "resource_id": number,
        "organization_id": "org_789",
    })
}

fn page(numbers: impl IntoIterator<Item = u64>, total: u64) -> Step {
    let events: Vec<Value> = numbers.into_iter().map(stored).collect();
    Step::Reply(Reply::json(200, &json!({"events": events, "total": total, "limit": 2, "offset": 0})))
}

/// What comes, and the error that ends it, if one does.
async fn read<T>(mut pages: Pages<T, AuditledgeError>) -> (Vec<T>, Option<AuditledgeError>) {
    let mut all = Vec::new();
    while let Some(item) = pages.next().await {
        match item {
            Ok(item) => all.push(item),
            Err(error) => {
                assert!(!format!("{error} {error:?} {:?}", error.body()).contains(CANARY), "{error:?}");
                assert!(pages.next().await.is_none(), "an error ends it");
                return (all, Some(error));
            }
        }
    }
    (all, None)
}

/// The same of events: by their numbers.
async fn numbers(pages: Pages<StoredEvent, AuditledgeError>) -> (Vec<u64>, Option<AuditledgeError>) {
    let (events, error) = read(pages).await;
    (events.iter().map(|event| event.resource_id.parse().unwrap()).collect(), error)
}

fn paths(server: &Loopback) -> Vec<String> {
    server.requests().into_iter().map(|request| request.path).collect()
}

fn two() -> Query {
    Query::default().limit(2)
}

#[tokio::test]
async fn every_page_is_read_up_to_the_total() {
    let server = Loopback::start(page([1, 2], 5)).await;
    server.script([page([1, 2], 5), page([3, 4], 5), page([5], 5)]);
    let filter = Filter::new().action("invoice").start_date("2026-05-01");
    let (read, error) = numbers(api(&server).query_all(Query::from(filter).limit(2))).await;
    assert_eq!((read, error.is_none()), (vec![1, 2, 3, 4, 5], true));
    let first = "/events?action=invoice&start_date=2026-05-01&limit=2";
    assert_eq!(paths(&server), [first.to_owned(), format!("{first}&offset=2"), format!("{first}&offset=4")]);
}

#[tokio::test]
async fn a_list_can_be_read_from_anywhere_and_a_smaller_page_is_not_its_end() {
    let server = Loopback::start(page([4], 13)).await;
    server.script([page([4], 13), page([5, 6], 13)]);
    let (read, error) = numbers(api(&server).query_all(two().offset(10))).await;
    assert_eq!((read, error.is_none()), (vec![4, 5, 6], true));
    assert_eq!(paths(&server), ["/events?limit=2&offset=10", "/events?limit=2&offset=11"]);
}

#[tokio::test]
async fn what_moves_to_the_next_page_is_read_once() {
    let server = Loopback::start(page([], 0)).await;
    // One more is recorded after the first page, and three after the second: that page shows nothing new.
    server.script([page([5, 4], 5), page([4, 3], 6), page([4, 3], 9), page([2, 1], 8)]);
    let (read, error) = numbers(api(&server).query_all(two())).await;
    assert_eq!((read, error.is_none()), (vec![5, 4, 3, 2, 1], true));
}

#[tokio::test]
async fn a_total_that_shrinks_ends_the_list() {
    let server = Loopback::start(page([], 3)).await;
    server.script([page([1, 2], 5), page([3], 3)]);
    let (read, error) = numbers(api(&server).query_all(two())).await;
    assert_eq!((read, error.is_none()), (vec![1, 2, 3], true));
    assert_eq!(paths(&server).len(), 2);
}

#[tokio::test]
async fn a_total_that_is_less_than_what_was_read_is_not_believed() {
    let server = Loopback::start(page([], 0)).await;
    server.script([page([1, 2], 0), page([3, 4], 1), page([], 0)]);
    let (read, error) = numbers(api(&server).query_all(two())).await;
    assert_eq!((read, error.is_none()), (vec![1, 2, 3, 4], true));
}

#[tokio::test]
async fn an_empty_page_before_the_total_is_an_error_and_no_end() {
    let server = Loopback::start(page([], 284)).await;
    server.script([page([1, 2], 284), page([], 284)]);
    let (read, error) = numbers(api(&server).query_all(two())).await;
    assert_eq!(read, [1, 2]);
    let error = error.unwrap();
    assert!(matches!(error, AuditledgeError::Paging(_)), "{error:?}");
    assert_eq!(
        error.to_string(),
        "the pages of the list contradict each other: of 284 events, there is none behind the first 2"
    );
}

#[tokio::test]
async fn pages_that_repeat_themselves_are_an_error_and_no_end() {
    for cycle in [vec![[1, 2]], vec![[1, 2], [3, 4]], vec![[1, 1], [2, 1], [3, 3]]] {
        let server = Loopback::start(page([], 0)).await;
        let mut pages = cycle.clone().into_iter().cycle();
        server.answer_by(move |_| page(pages.next().unwrap(), 1_000));
        let (read, error) = numbers(api(&server).query_all(two())).await;
        let mut once: Vec<u64> = cycle.concat();
        once.dedup();
        once.truncate(read.len());
        assert_eq!(read.iter().collect::<std::collections::BTreeSet<_>>().len(), read.len(), "{cycle:?}");
        assert!(matches!(error, Some(AuditledgeError::Paging(_))), "{error:?}");
        assert_eq!(paths(&server).len(), cycle.len() + 4);
    }
}

#[tokio::test]
async fn a_list_that_begins_again_after_many_pages_ends() {
    for (period, pages) in [(5, 13), (9, 25)] {
        let server = Loopback::start(page([], 0)).await;
        let mut asked = 0;
        server.answer_by(move |_| {
            asked += 1;
            let first = 2 * ((asked - 1) % period) + 1;
            page([first, first + 1], 1_000_000_000_000)
        });
        let (read, error) = numbers(api(&server).query_all(two())).await;
        assert_eq!(read.len(), 2 * (pages - 1));
        assert!(error.unwrap().to_string().ends_with(": they begin again"));
        assert_eq!(server.requests().len(), pages);
    }
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_not_asked_for_again() {
    let server = Loopback::start(Step::Close).await;
    let api = AuditledgeApi::builder().api_key(CANARY).api_base(server.base()).build().unwrap();
    // The second one is shorter when the key is masked.
    for again in ["x", CANARY] {
        let before = server.requests().len();
        let head = b"HTTP/1.1 200 OK\r\n\r\n{\"plan\":\"".to_vec();
        server.script([Step::Flood(head, again.repeat(1_000).into())]);
        let error = api.usage().await.unwrap_err();
        assert!(matches!(error, AuditledgeError::TooLong(_)) && !error.is_retryable(), "{error:?}");
        assert_eq!(error.to_string(), "Auditledge answered 200 with more than is read of it");
        assert_eq!(server.requests().len(), before + 1);
    }
}

#[tokio::test]
async fn an_odd_member_makes_neither_its_event_nor_its_page_unreadable() {
    let mut odd = stored(1);
    for (name, value) in [
        ("actor_name", json!({"first": "Ada"})),
        ("actor_email", json!(["a@example.com"])),
        ("resource_name", json!(true)),
        ("api_key_id", json!(7)),
        ("metadata", json!([1])),
    ] {
        odd[name] = value;
    }
    let body = json!({"events": [odd, stored(2)], "total": 2, "limit": [20], "offset": null, "x": 1});
    let server = Loopback::replying(Reply::json(200, &body)).await;
    let page = api(&server).query(two()).await.unwrap();
    let event = &page.events[0];
    assert_eq!((&event.actor_name, &event.actor_email, &event.resource_name), (&None, &None, &None));
    assert_eq!(event.extra["actor_name"], json!({"first": "Ada"}));
    assert_eq!((event.api_key_id.as_deref(), &event.metadata), (Some("7"), &json!([1])));
    assert_eq!((page.limit, page.offset, &page.extra["limit"]), (None, None, &json!([20])));
    assert!(!page.extra.contains_key("offset"));
    // Nothing of it is lost on the way back.
    odd["api_key_id"] = json!("7");
    let mut plain = odd.clone();
    plain["resource_id"] = json!("1");
    assert_eq!(serde_json::to_value(event).unwrap(), plain);

    let usage =
        json!({"plan": "pro", "events_this_month": 7, "events_limit": {"soft": 8}, "retention_days": "30"});
    server.script([Step::Reply(Reply::json(200, &usage))]);
    let usage = api(&server).usage().await.unwrap();
    assert_eq!((usage.events_limit, usage.retention_days), (None, Some(30)));
    assert_eq!(usage.extra["events_limit"], json!({"soft": 8}));
}

#[tokio::test]
async fn a_page_that_can_not_be_read_is_an_error() {
    let mut lacks = stored(3);
    lacks.as_object_mut().unwrap().remove("organization_id");
    for (body, reason) in [
        (json!({"events": [lacks], "total": 3}).to_string(), "lacks documented members"),
        (json!({"events": {}, "total": 3}).to_string(), "lacks documented members"),
        (json!({"events": [], "total": "three"}).to_string(), "lacks documented members"),
        (json!([]).to_string(), "lacks documented members"),
        (json!([[], 3]).to_string(), "lacks documented members"),
        (json!({"events": [7], "total": 3}).to_string(), "lacks documented members"),
        ("<html>".to_owned(), "is no JSON"),
        (r#"{"events":[{"id":"x"#.to_owned(), "breaks off"),
        (String::new(), "breaks off"),
    ] {
        let server = Loopback::start(Step::Reply(Reply::text(200, &body))).await;
        server.script([page([1, 2], 3), Step::Reply(Reply::text(200, &body))]);
        let (read, error) = numbers(api(&server).query_all(two())).await;
        assert_eq!(read, [1, 2]);
        let error = error.unwrap();
        assert!(matches!(error, AuditledgeError::Unreadable { .. }), "{error:?}");
        assert!(error.to_string().contains(reason), "{error}");
    }
}

#[tokio::test]
async fn members_that_nobody_knows_are_kept_and_texts_may_be_numbers() {
    let event = json!({
        "id": 7, "timestamp": "t", "actor_id": 42, "action": "a", "resource_type": "t", "resource_id": 1.5,
        "organization_id": "o", "metadata": "a text", "new": {"a": 1}, "actor_name": 5, "actor_email": null,
    });
    let server = Loopback::replying(Reply::json(200, &event)).await;
    let event = api(&server).get("7").await.unwrap();
    assert_eq!([&*event.id, &*event.actor_id, &*event.resource_id], ["7", "42", "1.5"]);
    assert_eq!((&event.metadata, &event.extra["new"]), (&json!("a text"), &json!({"a": 1})));
    assert_eq!((event.actor_name.as_deref(), event.actor_email, event.api_key_id), (Some("5"), None, None));
}

#[tokio::test]
async fn counts_may_be_texts_and_what_the_plan_does_not_say_is_none() {
    let counted = json!({"events": [], "total": "284", "limit": "20", "offset": 0, "more": true});
    let server = Loopback::replying(Reply::json(200, &counted)).await;
    let page = api(&server).query(Query::default()).await.unwrap();
    assert_eq!(
        (page.total, page.limit, page.offset, &page.extra["more"]),
        (284, Some(20), Some(0), &json!(true))
    );
    server.script([Step::Reply(Reply::json(
        200,
        &json!({"plan": "pro", "events_this_month": "7", "events_limit": null}),
    ))]);
    let usage = api(&server).usage().await.unwrap();
    assert_eq!((usage.events_this_month, usage.events_limit, usage.retention_days), (7, None, None));
}

#[tokio::test]
async fn a_text_that_was_cut_within_an_emoji_makes_nothing_unreadable() {
    let event = stored(1).to_string().replace("user_123", r"user \ud83d");
    let page = format!("\u{feff}{{\"events\":[{event}],\"total\":1}}");
    let server = Loopback::replying(Reply::text(200, &page)).await;
    let api = api(&server);
    assert_eq!(api.query(two()).await.unwrap().events[0].actor_id, "user \u{fffd}");
    server.script([Step::Reply(Reply::text(200, &format!("[{event}]")))]);
    assert_eq!(numbers(api.export_json(Filter::new())).await.0, [1]);
    server.script([Step::Reply(Reply::text(201, &format!(r#"{{"success":true,"event":{event}}}"#)))]);
    assert_eq!(api.log(call()).await.unwrap().event.actor_id, "user \u{fffd}");
    server.script([Step::Reply(Reply::text(400, r#"{"error":"no \udead"}"#))]);
    assert_eq!(api.log(call()).await.unwrap_err().message(), Some("no \u{fffd}"));
}

#[tokio::test]
async fn an_id_is_one_segment_of_the_path() {
    let server = Loopback::replying(Reply::json(200, &stored(1))).await;
    let api = api(&server);
    api.get("a b/../ü?x").await.unwrap();
    assert_eq!(paths(&server), ["/events/a%20b%2F..%2F%C3%BC%3Fx"]);
    for elsewhere in ["", " ", ".", "..", "export"] {
        let error = api.get(elsewhere).await.unwrap_err();
        assert!(matches!(error, AuditledgeError::Invalid(_)), "{error:?}");
    }
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_blank_filter_and_what_is_none_are_not_sent() {
    let server = Loopback::start(page([], 0)).await;
    let api = api(&server);
    for name in ["limit", "offset", "format"] {
        let filter = Filter::new().parameter(name, "1");
        let error = api.query(filter.clone()).await.unwrap_err();
        assert!(error.to_string().starts_with(&format!("`{name}` is no filter; use `")), "{error}");
        assert!(read(api.export_json(filter)).await.1.is_some());
    }
    for filter in
        [Filter::new().organization_id(""), Filter::new().parameter("", "x"), Filter::new().search(" ")]
    {
        let error = api.query(filter.clone()).await.unwrap_err();
        assert!(error.to_string().contains("might match everything"), "{error}");
        let (_, error) = read(api.export_csv(filter)).await;
        assert!(matches!(error, Some(AuditledgeError::Invalid(_))), "{error:?}");
    }
    assert_eq!(server.requests(), []);
}

#[tokio::test]
async fn reads_are_made_again_and_recording_only_where_nothing_came_of_it() {
    let server = Loopback::start(page([], 0)).await;
    let api = AuditledgeApi::builder().api_key(CANARY).api_base(server.base()).build().unwrap();
    server.script([Step::Close, Step::Reply(Reply::text(503, "")), page([1], 1)]);
    assert_eq!(api.query(two()).await.unwrap().total, 1);
    assert_eq!(server.requests().len(), 3);

    let logged = Step::Reply(Reply::json(201, &json!({"success": true, "event": stored(1)})));
    for lost in
        [Step::Close, Step::Reset, Step::Reply(Reply::text(500, "")), Step::Reply(Reply::text(503, ""))]
    {
        let before = server.requests().len();
        server.script([lost, logged.clone()]);
        let error = api.log(call()).await.unwrap_err();
        assert!(error.may_be_recorded() && error.is_retryable(), "{error:?}");
        assert_eq!(server.requests().len(), before + 1, "nobody knows whether it is there");
        api.log(call()).await.unwrap();
    }

    let before = server.requests().len();
    server.script([Step::Reply(Reply::text(429, "").header("retry-after", "0")), logged.clone()]);
    api.log(call()).await.unwrap();
    assert_eq!(server.requests().len(), before + 2, "turned away until a time that has come");
    server.script([Step::Reply(Reply::text(429, "")), logged]);
    let error = api.log(call()).await.unwrap_err();
    assert!(matches!(error, AuditledgeError::QuotaReached(_)) && !error.is_retryable(), "{error:?}");
    assert_eq!(server.requests().len(), before + 3, "a quota is no matter of seconds");
}

#[tokio::test]
async fn what_is_recorded_is_never_sent_again_however_little_can_be_read() {
    let server = Loopback::start(Step::Close).await;
    let api = AuditledgeApi::builder().api_key(CANARY).api_base(server.base()).build().unwrap();
    let unreadable = [
        Step::Reply(Reply::text(201, "")),
        Step::Reply(Reply::text(201, CANARY)),
        Step::Reply(Reply::json(201, &json!({"success": true, "event": {"id": "x"}}))),
        Step::Truncated(Reply::json(201, &json!({"success": true}))),
        Step::Endless(201),
    ];
    for (number, step) in unreadable.into_iter().enumerate() {
        server.script([step]);
        let error = api.log(call()).await.unwrap_err();
        assert!(matches!(error, AuditledgeError::RecordedUnreadable(_)), "{error:?}");
        assert!(error.may_be_recorded() && !error.is_retryable());
        assert_eq!(error.to_string(), "the event is recorded, but the answer can't be read");
        assert!(!format!("{error:?} {:?}", error.body()).contains(CANARY));
        assert_eq!(server.requests().len(), number + 1);
    }
    server.script([Step::Reply(Reply::text(200, "OK"))]);
    let error = api.log(call()).await.unwrap_err();
    assert!(matches!(error, AuditledgeError::Unreadable { .. }) && error.may_be_recorded(), "{error:?}");
    assert_eq!(server.requests().len(), 6);
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let elsewhere = Loopback::start(page([], 0)).await;
    let reply = Reply::text(307, "").header("location", &format!("{}/v1/events", elsewhere.base()));
    let server = Loopback::replying(reply).await;
    let api = api(&server);
    let errors = [
        api.log(call()).await.unwrap_err(),
        api.usage().await.unwrap_err(),
        read(api.export_json(Filter::new())).await.1.unwrap(),
    ];
    for error in errors {
        assert!(matches!(error, AuditledgeError::Api(_)) && error.status() == Some(307), "{error:?}");
    }
    assert_eq!(elsewhere.requests(), []);
}

#[tokio::test]
async fn another_key_is_used_from_the_next_call_on() {
    let server =
        Loopback::replying(Reply::json(401, &json!({"error": format!("unknown key {CANARY}")}))).await;
    let api = api(&server);
    let error = api.clone().usage().await.unwrap_err();
    assert_eq!(error.to_string(), "Auditledge answered 401: unknown key [key]");
    assert!(api.replace_api_key("a b").is_err());
    api.replace_api_key("al_2").unwrap();
    api.usage().await.unwrap_err();
    let keys: Vec<_> =
        server.requests().iter().map(|request| request.headers["authorization"].clone()).collect();
    assert_eq!(keys, [format!("Bearer {CANARY}"), "Bearer al_2".to_owned()]);
    assert!(!format!("{api:?}").contains("al_"));
}

#[tokio::test]
async fn a_key_that_is_escaped_or_breaks_off_is_in_no_error() {
    let quoted = CANARY.replace('_', r"\u005f").replace('c', r"\u0063");
    let server =
        Loopback::replying(Reply::text(400, &format!(r#"{{"error":"unknown key {quoted}"}}"#))).await;
    let api = api(&server);
    let error = api.usage().await.unwrap_err();
    assert_eq!(
        (error.message(), error.body()),
        (Some("unknown key [key]"), Some(&json!({"error": "unknown key [key]"})))
    );

    let begun = &CANARY[..20];
    server.script([Step::Truncated(Reply::text(400, &format!("unknown key {begun}")))]);
    assert_eq!(api.usage().await.unwrap_err().body(), Some(&json!("unknown key [key]")));
    // The same where an export ends, or is an error.
    let csv = |status, body: &str| Reply::text(status, body).header("content-type", "text/csv");
    server.script([Step::Reply(csv(200, &format!("id\n{begun}")))]);
    assert_eq!(read(api.export_csv(Filter::new())).await.0.concat(), b"id\n[key]");
    server.script([Step::Reply(csv(400, begun))]);
    assert_eq!(read(api.export_csv(Filter::new())).await.1.unwrap().body(), Some(&json!("[key]")));
    // At the end of what is read.
    let flood =
        Step::Flood(format!("HTTP/1.1 400 No\r\n\r\n{}", " ".repeat(65_536 - 20)).into(), CANARY.into());
    server.script([flood]);
    let error = api.usage().await.unwrap_err();
    assert!(error.body().unwrap().as_str().is_some_and(|text| !text.contains("al_")), "{:?}", error.body());
}

#[tokio::test]
async fn what_an_event_can_not_do_without_is_checked_before_it_is_sent() {
    let server = Loopback::start(Step::Close).await;
    for (call, lacks) in [
        (EventCall::new("a.b", "", Resource::new("t", "1")), "`actor.id` is blank"),
        (EventCall::new("a.b", "u", Resource::new("", "1")), "`resource.type` is blank"),
        (
            EventCall::new("a.b", "u", Resource::new("t", "1").member("id", Value::Null)),
            "`resource.id` is blank",
        ),
    ] {
        let error = api(&server).log(call).await.unwrap_err();
        assert!(error.to_string().starts_with(lacks), "{error}");
    }
    assert_eq!(server.requests(), []);
}
