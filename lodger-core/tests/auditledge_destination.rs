//! Events to Auditledge: whether one is there already is looked up, and a used-up quota loses nothing.

#![cfg(feature = "http")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests say what must hold")]

mod loopback;

use std::sync::Arc;
use std::time::Duration;

use lodger_core::Lodger;
use lodger_core::client::DeliveryState;
use lodger_core::destination::{Answer, AuditledgeDestination, Delivery, Destination, LookUp};
use lodger_core::event::{Actor, Event, Target, Timestamp};
use lodger_core::service::auditledge::AuditledgeApi;
use serde_json::{Value, json};

use loopback::{Loopback, Reply, Step};

fn destination(base: &str) -> AuditledgeDestination {
    AuditledgeDestination::new(AuditledgeApi::builder().api_key("al_1").api_base(base).build().unwrap())
}

fn event(tenant: Option<&str>) -> Event {
    let mut event =
        Event::builder("invoice.update").actor(Actor::user("ada")).target(Target::new("invoice", 7));
    if let Some(tenant) = tenant {
        event = event.tenant(tenant);
    }
    let mut event = event.build().unwrap();
    event.occurred_at = "2026-05-15T11:59:59.999999Z".parse::<Timestamp>().unwrap();
    event
}

fn delivery(event: Event) -> Delivery {
    let bytes = event.to_canonical_json().unwrap();
    Delivery::new(Arc::new(event), bytes.into())
}

/// The event as the service shows it.
fn stored(event: &Event) -> Value {
    json!({
        "id": "a1b2",
        "timestamp": "2026-05-15T12:00:00.000Z",
        "actor_id": "ada",
        "action": "invoice.update",
        "resource_type": "invoice",
        "resource_id": "7",
        "metadata": {"_audit": {"event_id": event.id.to_string()}},
        "organization_id": "acme",
    })
}

/// Somebody else's, by its number.
fn other(number: u64) -> Value {
    let mut other = stored(&event(None));
    other["id"] = json!(format!("other-{number}"));
    other
}

fn page(events: &[Value], total: u64) -> Step {
    Step::Reply(Reply::json(200, &json!({"events": events, "total": total, "limit": 20, "offset": 0})))
}

/// What comes of looking for the event, and how often was asked.
async fn looked_up(event: &Event, steps: impl IntoIterator<Item = Step>) -> (LookUp, usize) {
    let server = Loopback::start(Step::Close).await;
    server.script(steps);
    let found = destination(&server.base()).look_up(&delivery(event.clone())).await;
    let requests = server.requests();
    assert!(requests.iter().all(|request| request.method == "GET"), "{requests:?}");
    (found, requests.len())
}

#[tokio::test]
async fn an_event_is_looked_for_by_who_did_what_and_when() {
    let server = Loopback::start(page(&[], 0)).await;
    let destination = destination(&server.base());
    assert_eq!(destination.look_up(&delivery(event(Some("acme")))).await, LookUp::Absent);
    assert_eq!(destination.look_up(&delivery(event(None))).await, LookUp::Absent);
    let paths: Vec<String> = server.requests().into_iter().map(|request| request.path).collect();
    let asked = "/events?action=invoice.update&actor_id=ada&start_date=2026-05-15T11%3A59%3A58Z\
                 &end_date=2026-05-15T12%3A00%3A01Z";
    assert_eq!(paths, [format!("{asked}&organization_id=acme&limit=20"), format!("{asked}&limit=20")]);
}

#[tokio::test]
async fn an_event_that_is_there_is_found_on_whichever_page() {
    let event = event(Some("acme"));
    let first: Vec<Value> = (0..20).map(other).collect();
    for (steps, asked) in [
        (vec![page(&[other(0), stored(&event)], 2)], 1),
        (vec![page(&first, 21), page(&[stored(&event)], 21)], 2),
    ] {
        let (LookUp::Found(receipt), requests) = looked_up(&event, steps).await else { panic!() };
        assert_eq!((receipt.event, receipt.id.as_deref(), requests), (event.id, Some("a1b2"), asked));
        assert_eq!(receipt.detail, stored(&event));
    }
}

#[tokio::test]
async fn an_event_is_absent_when_all_that_is_there_are_certainly_others() {
    let event = event(Some("acme"));
    let mut nobodys = stored(&event);
    nobodys["metadata"] = Value::Null;
    nobodys["actor_id"] = json!("bob");
    for steps in [
        vec![page(&[], 0)],
        vec![page(&[other(1), nobodys], 2)],
        vec![page(&[other(1)], 2), page(&[other(2)], 2)],
        // A total that is none: read on up to the empty page.
        vec![page(&[other(1)], 0), page(&[], 0)],
    ] {
        let requests = steps.len();
        assert_eq!(looked_up(&event, steps).await, (LookUp::Absent, requests));
    }
}

#[tokio::test]
async fn what_may_be_ours_is_neither_found_nor_absent() {
    let event = event(Some("acme"));
    let with = |member: &str, value: Value| {
        let mut stored = stored(&event);
        stored[member] = value;
        stored
    };
    for unclear in [
        with("organization_id", json!("evil")),
        with("organization_id", Value::Null),
        with("action", json!("invoice.delete")),
        with("actor_id", json!("eve")),
        with("resource_id", json!(7)),
        with("metadata", Value::Null),
        with("metadata", json!("a text")),
        with("metadata", json!({})),
        json!("an event"),
    ] {
        let name = unclear.to_string();
        assert_eq!(looked_up(&event, [page(&[unclear], 1)]).await, (LookUp::Unknown, 1), "{name}");
    }
}

#[tokio::test]
async fn a_list_that_is_not_whole_does_not_make_an_event_absent() {
    let event = event(Some("acme"));
    // An empty page before the total, a page that comes again, and what is no list.
    assert_eq!(looked_up(&event, [page(&[other(1)], 3), page(&[], 3)]).await, (LookUp::Unknown, 2));
    assert_eq!(looked_up(&event, [page(&[other(1)], 2), page(&[other(1)], 2)]).await, (LookUp::Unknown, 2));
    for no_list in [
        json!({}),
        json!([]),
        json!([[], 0]),
        json!({"events": [], "total": "none"}),
        json!({"events": null, "total": 0}),
    ] {
        let (found, _) = looked_up(&event, [Step::Reply(Reply::json(200, &no_list))]).await;
        assert_eq!(found, LookUp::Unknown, "{no_list}");
    }
    // The service leaves the filters unheeded and shows everything that it has.
    let server = Loopback::start(Step::Close).await;
    let mut number = 0;
    server.answer_by(move |_| {
        number += 20;
        page(&(number..number + 20).map(other).collect::<Vec<_>>(), 1_000_000)
    });
    assert_eq!(destination(&server.base()).look_up(&delivery(event)).await, LookUp::Unknown);
    assert_eq!(server.requests().len(), 10);
}

#[tokio::test]
async fn a_question_that_is_refused_leaves_it_open() {
    for status in [400, 403, 404, 405, 422, 501] {
        let (found, _) = looked_up(&event(None), [Step::Reply(Reply::text(status, ""))]).await;
        assert_eq!(found, LookUp::Unknown, "{status}");
    }
}

#[tokio::test]
async fn a_question_that_fails_is_asked_again_later() {
    let found = |step| async move { looked_up(&event(None), [step]).await.0 };
    for step in [
        Step::Close,
        Step::Reset,
        Step::Reply(Reply::text(500, "")),
        Step::Reply(Reply::text(503, "")),
        Step::Reply(Reply::text(200, "<html>")),
        Step::Reply(Reply::text(200, "")),
        Step::Truncated(Reply::text(200, r#"{"events":[],"total":0"#)),
    ] {
        let name = format!("{step:?}");
        assert!(matches!(found(step).await, LookUp::Failed(Answer::Ambiguous(_))), "{name}");
    }
    for status in [301, 401, 429] {
        let paused = found(Step::Reply(Reply::text(status, ""))).await;
        assert!(matches!(paused, LookUp::Failed(Answer::Pause(_))), "{status}: {paused:?}");
    }
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let unreached = destination(&format!("http://{free}")).look_up(&delivery(event(None))).await;
    assert!(matches!(unreached, LookUp::Failed(Answer::Retry { .. })), "{unreached:?}");
}

#[tokio::test]
async fn an_endless_list_is_read_no_further_than_its_bound() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{\"events\":[\"".to_vec();
    let (found, requests) = looked_up(&event(None), [Step::Flood(head, vec![b'x'; 64 * 1024])]).await;
    assert_eq!((found, requests), (LookUp::Unknown, 1));
}

#[tokio::test]
async fn a_service_that_names_a_time_is_not_asked_before() {
    let quota = |after: &str| Step::Reply(Reply::text(429, "").header("retry-after", after));
    let pass = async |seconds| {
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(seconds)).await;
        tokio::time::resume();
    };
    let server = Loopback::start(quota("120")).await;
    let destination = destination(&server.base());
    let events = [delivery(event(None))];
    let deliver = async || destination.deliver(&events).await.remove(0);

    let first = deliver().await;
    assert!(matches!(first, Answer::Pause(_)), "{first:?}");
    pass(60).await;
    assert_eq!(deliver().await, first);
    assert_eq!(destination.clone().look_up(&events[0]).await, LookUp::Failed(first.clone()));
    assert_eq!(server.requests().len(), 1, "a minute is too early");
    pass(61).await;
    server.script([quota("86400")]);
    deliver().await;
    pass(3_590).await;
    deliver().await;
    assert_eq!(server.requests().len(), 2);
    // No longer than an hour. A question is told, too.
    pass(11).await;
    server.script([quota("86400")]);
    assert!(matches!(destination.look_up(&events[0]).await, LookUp::Failed(Answer::Pause(_))));
    deliver().await;
    assert_eq!(server.requests().len(), 3);

    server.script([Step::Reply(Reply::text(201, ""))]);
    destination.api().replace_api_key("al_2").unwrap();
    assert_eq!(deliver().await, Answer::Taken);
    assert_eq!(server.requests().len(), 4);
    assert!(!format!("{destination:?}").contains("al_"));
}

#[tokio::test]
async fn a_quota_without_a_time_is_asked_about_at_every_probe() {
    let server = Loopback::replying(Reply::text(429, "")).await;
    let destination = destination(&server.base());
    for asked in 1..=3 {
        let answers = destination.deliver(&[delivery(event(None))]).await;
        assert!(matches!(answers[..], [Answer::Pause(_)]), "{answers:?}");
        assert_eq!(server.requests().len(), asked);
    }
}

#[tokio::test]
async fn a_page_of_somebody_in_between_is_not_taken_for_a_stored_event() {
    let portal = "<html><title>Sign in to the network</title></html>";
    let server = Loopback::replying(Reply::text(200, portal).header("content-type", "text/html")).await;
    let answers = destination(&server.base()).deliver(&[delivery(event(None))]).await;
    assert!(matches!(answers[..], [Answer::Ambiguous(_)]), "{answers:?}");
}

#[tokio::test]
async fn a_used_up_quota_pauses_and_keeps_everything() {
    let refusal =
        Reply::json(429, &json!({"error": "Monthly event limit reached"})).header("retry-after", "1");
    let server = Loopback::replying(refusal).await;
    let lodger =
        Lodger::builder().destination(destination(&server.base())).in_memory_journal().build().unwrap();
    for _ in 0..5 {
        lodger.record(event(None)).await.unwrap();
    }
    let lane = || lodger.stats().destinations[0].clone();
    while lane().state != DeliveryState::Paused {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let paused = lane();
    assert_eq!((paused.delivered, paused.dead), (0, 0));
    let error = format!("{:?}", paused.last_error);
    assert!(
        error.contains("AuditledgeApi::usage()") && error.contains("Monthly event limit reached"),
        "{error}"
    );

    server.script([Step::Reply(Reply::text(201, ""))]);
    // Tries at once, where the next probe would be a minute later.
    lodger.replace_api_key(&paused.destination, "al_2").unwrap();
    lodger.flush(Duration::from_secs(30)).await.unwrap();
    assert_eq!((lane().delivered, lane().dead), (5, 0));
}
