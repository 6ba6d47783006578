use serde_json::{Value, json};

use super::*;
use crate::event::{Actor, IpSource, RequestInfo, Target, Timestamp};

/// A denied request of nobody known, in this second of a day.
fn denied(address: &str, second: i64) -> Event {
    let mut event = Event::builder("request.denied").outcome(Outcome::Denied).build().unwrap();
    event.occurred_at = at(second);
    event.target = Target::unresolved("DELETE /members/{id}");
    event.tenant = Some("acme".to_owned());
    event.request = Some(RequestInfo {
        id: Some(format!("r-{second}")),
        method: Some("DELETE".to_owned()),
        route: Some("/members/{id}".to_owned()),
        status: Some(401),
        ip: Some(address.parse().unwrap()),
        ip_source: Some(IpSource::Socket),
        user_agent: Some("scanner".to_owned()),
        duration_micros: Some(12),
        ..RequestInfo::default()
    });
    event
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_micros((1_778_846_400 + second) * 1_000_000).unwrap()
}

/// A table with a clock that is moved by hand.
struct Hand {
    fold: Fold,
    start: Instant,
}

impl Hand {
    fn new() -> Self {
        Self { fold: Fold::default(), start: Instant::now() }
    }

    fn after(&self, seconds: u64) -> Instant {
        self.start + Duration::from_secs(seconds)
    }

    fn add(&self, event: Event, seconds: u64) -> bool {
        self.fold.add(Box::new(event), self.after(seconds)).unwrap()
    }

    fn due(&self, seconds: u64) -> Vec<Event> {
        self.fold.take_due(self.after(seconds), false).iter().map(|(_, bucket)| bucket.event()).collect()
    }

    /// What comes of these events together.
    fn together(events: impl IntoIterator<Item = Event>) -> Event {
        let hand = Self::new();
        events.into_iter().for_each(|event| _ = hand.add(event, 0));
        let mut due = hand.due(60);
        assert_eq!(due.len(), 1);
        due.remove(0)
    }
}

fn count(event: &Event) -> u64 {
    event.metadata["aggregated"]["count"].as_u64().unwrap()
}

#[test]
fn many_events_of_one_kind_are_one_event_with_what_is_true_of_all() {
    let events = [denied("192.0.2.1", 5), denied("192.0.2.1", 1), denied("192.0.2.1", 9)];
    let ids: Vec<_> = events.iter().map(|event| event.id).collect();
    let event = Hand::together(events);
    assert!(!ids.contains(&event.id));
    assert_eq!(event.idempotency_key, format!("event_{}", event.id));
    event.validate().unwrap();
    let mut json = serde_json::to_value(&event).unwrap();
    let members = json.as_object_mut().unwrap();
    assert!(members.remove("id").is_some() && members.remove("idempotencyKey").is_some());
    assert_eq!(
        json,
        json!({
            "action": "request.denied",
            "actor": {"id": "unresolved", "kind": "unresolved"},
            "target": {"kind": "unresolved", "id": "DELETE /members/{id}"},
            "tenant": "acme",
            "outcome": "denied",
            "occurredAt": "2026-05-15T12:00:09.000000Z",
            "metadata": {"aggregated": {
                "count": 3,
                "from": "2026-05-15T12:00:01.000000Z",
                "to": "2026-05-15T12:00:09.000000Z",
            }},
            "request": {
                "method": "DELETE", "route": "/members/{id}", "status": 401,
                "ip": "192.0.2.1", "ipSource": "socket",
            },
            "userVisible": false,
        })
    );
}

#[test]
fn a_fact_in_which_two_events_differ_is_not_told_of_any() {
    let ada = |second| {
        let mut event = denied("192.0.2.1", second);
        event.actor = Actor::user("ada").email("ada@example.com");
        event.target = Target::new("member", 7);
        event.reason = Some("not an owner".to_owned());
        event.source = Some("api".to_owned());
        event.user_visible = true;
        event.origin.host = Some("web-1".to_owned());
        event
    };
    let same = Hand::together([ada(1), ada(2)]);
    assert_eq!((same.actor.clone(), same.target.clone()), (ada(1).actor, Target::new("member", 7)));
    assert_eq!((same.reason.as_deref(), same.source.as_deref()), (Some("not an owner"), Some("api")));
    assert_eq!((same.user_visible, same.origin.host.as_deref()), (true, Some("web-1")));

    let mut other = ada(3);
    other.actor = Actor::user("ada").email("lovelace@example.com");
    other.target = Target::new("member", 8);
    other.tenant = Some("globex".to_owned());
    other.reason = None;
    other.source = None;
    other.user_visible = false;
    other.origin.host = Some("web-2".to_owned());
    let request = other.request.as_mut().unwrap();
    request.status = Some(403);
    request.ip_source = Some(IpSource::Forwarded);
    // Whatever comes behind: what is gone does not come back.
    for events in [[ada(1), other.clone(), ada(2)], [other.clone(), ada(1), other.clone()]] {
        let event = Hand::together(events);
        assert_eq!(event.actor, Actor::unresolved());
        assert_eq!(event.target, Target::unresolved("DELETE /members/{id}"));
        assert_eq!((event.tenant, event.reason, event.source), (None, None, None));
        assert_eq!((event.user_visible, event.origin.host), (false, None));
        let request = event.request.unwrap();
        assert_eq!((request.status, request.ip, request.ip_source), (None, None, None));
        assert_eq!(request.route.as_deref(), Some("/members/{id}"));
    }

    let mut elsewhere = other;
    elsewhere.request.as_mut().unwrap().route = Some("/invoices/{id}".to_owned());
    let event = Hand::together([ada(1), elsewhere]);
    assert_eq!(event.target, Target::unresolved("request.denied"), "not even the route is known of all");
}

#[test]
fn events_are_kept_apart_by_address_action_and_outcome() {
    let hand = Hand::new();
    let mut failed = denied("192.0.2.1", 0);
    failed.outcome = Outcome::Failure;
    let mut named = denied("192.0.2.1", 0);
    named.action = "member.remove".into();
    let mut nowhere = denied("192.0.2.1", 0);
    nowhere.request = None;
    for event in [denied("192.0.2.1", 0), denied("192.0.2.2", 0), failed, named, nowhere.clone(), nowhere] {
        hand.add(event, 0);
    }
    let mut counts: Vec<u64> = hand.due(60).iter().map(count).collect();
    counts.sort_unstable();
    assert_eq!(counts, [1, 1, 1, 1, 2]);
}

#[test]
fn an_ipv6_network_is_one_address_and_an_ipv4_address_stays_one_in_ipv6() {
    let event = Hand::together([denied("2001:db8:1:2::1", 0), denied("2001:db8:1:2:ffff::", 0)]);
    assert_eq!(event.request.as_ref().unwrap().ip, None, "neither sent both");
    assert_eq!(event.metadata["network"], "2001:db8:1:2::/64");
    assert_eq!(event.personal, ["network"]);
    let one = Hand::together([denied("2001:db8:1:2::1", 0), denied("2001:db8:1:2::1", 0)]);
    assert_eq!(one.request.unwrap().ip, Some("2001:db8:1:2::1".parse().unwrap()));
    assert_eq!(one.metadata.get("network"), None);

    let hand = Hand::new();
    for address in ["2001:db8:1:3::1", "::ffff:192.0.2.1", "::ffff:192.0.2.2", "2001:db8:1:2::1"] {
        hand.add(denied(address, 0), 0);
    }
    assert_eq!(hand.due(60).len(), 4);
}

#[test]
fn a_bucket_is_told_when_its_minute_is_over_also_if_nothing_comes_any_more() {
    let hand = Hand::new();
    assert_eq!(hand.fold.due_in(hand.start), None);
    assert!(hand.add(denied("192.0.2.1", 0), 0), "somebody has to hear of the first one");
    assert!(!hand.add(denied("192.0.2.2", 30), 30));
    assert!(!hand.add(denied("192.0.2.1", 59), 59));
    assert_eq!(hand.fold.due_in(hand.after(45)), Some(Duration::from_secs(15)));
    assert_eq!(hand.due(59), []);

    assert_eq!(hand.due(60).iter().map(count).collect::<Vec<_>>(), [2]);
    assert_eq!(
        hand.fold.due_in(hand.after(60)),
        Some(Duration::from_secs(30)),
        "each has a minute of its own"
    );
    assert!(!hand.add(denied("192.0.2.1", 61), 61));
    assert_eq!(hand.due(90).iter().map(count).collect::<Vec<_>>(), [1]);
    assert_eq!(hand.due(121).iter().map(count).collect::<Vec<_>>(), [1]);
    assert_eq!(hand.fold.due_in(hand.after(121)), None);
    assert!(hand.add(denied("192.0.2.1", 122), 122));
}

#[test]
fn beyond_the_bound_the_rest_is_told_by_outcome() {
    let hand = Hand::new();
    let address = |number: usize| format!("10.0.{}.{}", number / 256, number % 256);
    for number in 0..2_000 {
        let mut event = denied(&address(number), 0);
        event.outcome = if number % 2 == 0 { Outcome::Denied } else { Outcome::Failure };
        event.action = if number < 1_500 { "request.denied".into() } else { "member.remove".into() };
        hand.add(event, 0);
    }
    // What has a bucket keeps it.
    hand.add(denied(&address(0), 0), 0);
    let events = hand.due(60);
    assert_eq!(events.len(), 1_026);
    assert_eq!(events.iter().map(count).sum::<u64>(), 2_001);
    for outcome in [Outcome::Denied, Outcome::Failure] {
        let rest: Vec<&Event> =
            events.iter().filter(|event| event.outcome == outcome && count(event) > 2).collect();
        assert_eq!((rest.len(), count(rest[0])), (1, 488));
        assert_eq!(rest[0].action, "request.aggregated", "two actions are none");
        assert_eq!(rest[0].request.as_ref().unwrap().ip, None);
    }
    assert!(events.iter().any(|event| event.action == "request.denied" && count(event) == 2));
}

#[test]
fn what_is_put_back_goes_on_counting_and_stays_due() {
    let hand = Hand::new();
    hand.add(denied("192.0.2.1", 0), 0);
    let due = hand.fold.take_due(hand.after(60), false);
    hand.add(denied("192.0.2.1", 60), 60);
    hand.fold.put_back(due);
    assert_eq!(hand.fold.due_in(hand.after(61)), Some(Duration::ZERO));
    let events = hand.due(61);
    assert_eq!(events.iter().map(count).collect::<Vec<_>>(), [2]);
    assert_eq!(events[0].metadata["aggregated"]["from"], Value::from("2026-05-15T12:00:00.000000Z"));
}

#[test]
fn the_end_takes_every_bucket_and_gives_back_what_comes_later() {
    let hand = Hand::new();
    hand.add(denied("192.0.2.1", 0), 0);
    hand.add(denied("192.0.2.2", 0), 0);
    assert_eq!(hand.fold.close().len(), 2);
    let late = denied("192.0.2.1", 1);
    let id = late.id;
    let back = hand.fold.add(Box::new(late), hand.after(1)).unwrap_err();
    assert_eq!(back.id, id);
    assert!(hand.fold.close().is_empty());
}

#[test]
fn a_route_that_is_longer_than_a_targets_id_makes_no_invalid_event() {
    let long = |status| {
        let mut event = denied("192.0.2.1", 0);
        event.target = Target::new("member", status);
        event.request.as_mut().unwrap().route = Some(format!("/{}", "a".repeat(500)));
        event
    };
    Hand::together([long(1), long(2)]).validate().unwrap();
}
