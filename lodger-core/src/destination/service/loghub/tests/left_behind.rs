//! Events that another process left behind are looked for in one list.

#[path = "../../../../../tests/loopback/mod.rs"]
#[allow(
    clippy::duplicate_mod,
    reason = "the worker's tests have it, too, and neither are the other's business"
)]
mod loopback;

use super::super::left_behind::MOST_TENANTS;
use super::*;
use loopback::{Loopback, Recorded, Reply, Step};

/// An event that another process left behind.
fn left_behind(number: u64, tenant: &str) -> Delivery {
    let mut event = event(BARE);
    event.id = id(number);
    event.tenant = Some(tenant.to_owned());
    let bytes = event.to_canonical_json().unwrap();
    let mut delivery = Delivery::new(event.into(), bytes.into());
    delivery.left_behind();
    delivery
}

/// Of October 2025, as the event.
fn id(number: u64) -> EventId {
    format!("0199b1c0-0000-7000-8000-{number:012}").parse().unwrap()
}

/// Six hundred events, the newest with the highest number, a second after each other, the first half a year later than what was
/// left behind.
fn pages(request: &Recorded) -> Step {
    let number = |name: &str| -> Option<u64> {
        request.path.split(['?', '&']).find_map(|pair| pair.strip_prefix(name)?.parse().ok())
    };
    let first = 600_u64.saturating_sub(number("page=").unwrap() * 20);
    let envelope = |number: u64| {
        json!({"status": "ok", "data": {"id": number, "createdAt": format!("2026-05-15T12:{:02}:{:02}Z", number / 60, number % 60),
            "metadata": {"_audit": {"event_id": id(number)}}}})
    };
    let page: Vec<Value> = (first.saturating_sub(20)..first).rev().map(envelope).collect();
    Step::Reply(Reply::json(200, &page.into()))
}

fn at(server: &Loopback) -> LogHubDestination {
    let api = LogHubApi::builder("org_1").token("secret_1").api_base(server.base()).build().unwrap();
    LogHubDestination::new(api, "none").unwrap()
}

async fn serving() -> Loopback {
    let server = Loopback::start(Step::Close).await;
    server.answer_by(pages);
    server
}

#[tokio::test]
async fn one_list_tells_of_all_that_was_left_behind_of_a_tenant() {
    let server = serving().await;
    let destination = at(&server);
    for number in [599, 300, 100] {
        let found = destination.look_up(&left_behind(number, "acme")).await;
        let LookUp::Found(receipt) = found else { panic!("{number}: {found:?}") };
        assert_eq!((receipt.event, receipt.id), (id(number), Some(number.to_string())));
    }
    // Behind the newest 500, or nowhere.
    for number in [99, 7_000] {
        assert_eq!(destination.look_up(&left_behind(number, "acme")).await, LookUp::Unknown, "{number}");
    }
    assert_eq!(server.requests().len(), 25);
    assert!(server.requests().iter().all(|request| request.path.ends_with("external_id=acme")));

    destination.look_up(&left_behind(599, "another")).await;
    assert_eq!(server.requests().len(), 50, "another tenant's is another list");

    destination.clone().look_up(&left_behind(99, "acme")).await;
    assert_eq!(
        server.requests().len(),
        75,
        "more may have been left behind until another one opens the journal"
    );
}

#[tokio::test]
async fn what_this_process_has_sent_is_asked_for_each_time() {
    let server = serving().await;
    let destination = at(&server);
    for requests in [1, 2] {
        let mut own = left_behind(590, "acme");
        own.sent();
        assert!(matches!(destination.look_up(&own).await, LookUp::Found(_)));
        assert_eq!(server.requests().len(), requests);
    }
}

#[tokio::test]
async fn what_was_left_behind_is_absent_where_the_list_goes_further_back() {
    let server = Loopback::replying(Reply::json(200, &json!([]))).await;
    let destination = at(&server);
    for number in 0..5 {
        assert_eq!(destination.look_up(&left_behind(number, "acme")).await, LookUp::Absent);
    }
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_list_that_can_not_be_had_is_asked_for_again() {
    let server = Loopback::replying(Reply::json(200, &json!([]))).await;
    server
        .script([Reply::text(500, ""), Reply::text(403, ""), Reply::json(200, &json!([]))].map(Step::Reply));
    let destination = at(&server);
    assert!(matches!(destination.look_up(&left_behind(1, "acme")).await, LookUp::Failed(_)));
    assert_eq!(destination.look_up(&left_behind(1, "acme")).await, LookUp::Unknown);
    assert_eq!(destination.look_up(&left_behind(1, "acme")).await, LookUp::Absent);
}

#[tokio::test]
async fn many_at_once_wait_for_the_same_list() {
    let server = serving().await;
    let destination = at(&server);
    let (one, other) = (left_behind(101, "acme"), left_behind(102, "acme"));
    let (one, other) = tokio::join!(destination.look_up(&one), destination.look_up(&other));
    assert!(matches!((&one, &other), (LookUp::Found(_), LookUp::Found(_))), "{one:?} {other:?}");
    assert_eq!(server.requests().len(), 25);
}

#[tokio::test]
async fn so_many_tenants_are_remembered_and_no_more() {
    let server = Loopback::replying(Reply::json(200, &json!([]))).await;
    let destination = at(&server);
    let ask = async |tenant: usize| destination.look_up(&left_behind(1, &tenant.to_string())).await;
    for tenant in 0..=MOST_TENANTS {
        ask(tenant).await;
    }
    ask(1).await;
    assert_eq!(server.requests().len(), MOST_TENANTS + 1, "the second is still known");
    ask(0).await;
    assert_eq!(server.requests().len(), MOST_TENANTS + 2, "the first one made room for the last");
}
