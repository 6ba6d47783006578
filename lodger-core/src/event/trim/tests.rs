use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::event::arbitrary::nasty_event;
use crate::event::limits::{MAX_EVENT_BYTES, MAX_TRIMMED as MAX_MARKS};
use crate::event::{Actor, ActorKind, Change, Outcome, Position, RequestInfo, Target, WriterId};

fn event() -> Event {
    let mut event = Event::builder("invoice.update").actor(Actor::user("ada")).build().unwrap();
    event.target = Target::new("invoice", 7);
    event
}

fn marks(event: &Event) -> Vec<(&str, u64)> {
    event.trimmed.iter().map(|mark| (mark.name.as_str(), mark.bytes)).collect()
}

fn text_of(bytes: usize) -> Value {
    // A JSON text has two quotes.
    json!("x".repeat(bytes - 2))
}

#[test]
fn an_acceptable_event_stays_as_it_is() {
    let mut event = event();
    event.description = Some("d".repeat(1024));
    event.metadata.insert("blob".into(), text_of(50_000));
    let before = event.clone();
    trim(&mut event);
    assert_eq!(event, before);
}

#[test]
fn bounding_leaves_what_may_fit_and_survives_any_depth() {
    let mut event = event();
    event.metadata.insert("blob".into(), text_of(50_000));
    event.changes = vec![Change::new("/large", Some(text_of(40_000)), Some(json!({"a": [1, null, "b"]})))];
    let before = event.clone();
    bound(&mut event);
    assert_eq!(event, before);
    let mut deep = json!([]);
    (0..1_000_000).for_each(|_| deep = Value::Array(vec![deep.take()]));
    event.metadata.insert("deep".into(), deep);
    bound(&mut event);
    assert_eq!(event.metadata, before.metadata);
    assert_eq!(marks(&event), [("metadata.deep", 2_000_010)]);
}

/// An event in which each part that goes early is 1,000 bytes or more, and `blob` bytes of metadata.
fn large(blob: usize) -> Event {
    let mut event = event();
    event.description = Some("d".repeat(998));
    event.changes = vec![
        Change::new("/small", Some(text_of(1_000)), Some(json!(1))),
        Change::new("/large", Some(text_of(3_000)), Some(text_of(2_000))),
    ];
    event.metadata.insert("note".into(), text_of(1_000));
    event.metadata.insert("blob".into(), text_of(blob));
    event.request = Some(RequestInfo { user_agent: Some("u".repeat(500)), ..RequestInfo::default() });
    event
}

/// As `large`, `above` bytes larger than an event may be.
fn too_large_by(above: usize) -> Event {
    let size = large(50_000).to_canonical_json().unwrap().len();
    let event = large(50_000 + MAX_EVENT_BYTES + above - size);
    assert_eq!(event.to_canonical_json().unwrap().len(), MAX_EVENT_BYTES + above);
    event
}

#[test]
fn the_description_goes_first_and_alone_where_that_is_enough() {
    let mut event = too_large_by(1);
    trim(&mut event);
    assert_eq!(marks(&event), [("description", 1_000)]);
    assert_eq!(event.description, None);
    assert_eq!(event.validate(), Ok(()));
}

#[test]
fn then_the_values_of_changes_go_largest_first_and_say_so_in_their_place() {
    let mut event = too_large_by(4_000);
    trim(&mut event);
    assert_eq!(
        marks(&event),
        [("description", 1_000), ("changes[1].before", 3_000), ("changes[1].after", 2_000)]
    );
    assert_eq!(event.changes[1].before, Some(json!("[trimmed]")));
    assert_eq!(event.changes[1].after, Some(json!("[trimmed]")));
    assert_eq!(event.changes[0].before, Some(text_of(1_000)));
    assert_eq!(event.changes[0].after, Some(json!(1)));
    assert_eq!(event.validate(), Ok(()));
}

#[test]
fn then_metadata_goes_largest_first() {
    let mut event = too_large_by(10_000);
    event.personal = vec!["note".into(), "blob".into()];
    let blob = event.metadata["blob"].as_str().unwrap().len() as u64;
    trim(&mut event);
    assert_eq!(
        marks(&event),
        [
            ("description", 1_000),
            ("changes[1].before", 3_000),
            ("changes[1].after", 2_000),
            ("changes[0].before", 1_000),
            ("metadata.blob", blob + 10),
        ]
    );
    assert_eq!(event.metadata.get("note"), Some(&text_of(1_000)));
    assert_eq!(event.personal, ["note"]);
    assert_eq!(event.changes[0].after, Some(json!(1)));
    assert!(event.request.as_ref().unwrap().user_agent.is_some());
    assert_eq!(event.validate(), Ok(()));
}

#[test]
fn then_the_user_agent_goes_and_then_unknown_members() {
    let mut event = event();
    event.request = Some(RequestInfo { user_agent: Some("u".repeat(500)), ..RequestInfo::default() });
    event.extra.insert("future".into(), text_of(65_000));
    event.metadata.insert("a".into(), json!(1));
    event.actor.extra.insert("badge".into(), json!(7));
    let mut slightly_larger = event.clone();
    slightly_larger.extra.insert("future".into(), text_of(70_000));

    trim(&mut event);
    assert_eq!(marks(&event), [("metadata.a", 6), ("request.userAgent", 502)]);
    assert!(event.extra.contains_key("future"));
    trim(&mut slightly_larger);
    assert_eq!(marks(&slightly_larger), [("metadata.a", 6), ("request.userAgent", 502), ("future", 70_010)]);
    assert_eq!(slightly_larger.actor.extra["badge"], json!(7));
}

#[test]
fn what_names_the_fact_always_stays() {
    let mut event = event();
    event.outcome = Outcome::Denied;
    event.related = vec![Target::new("k\"".repeat(32), "\\".repeat(128)).name("\u{1}".repeat(256)); 19];
    event.changes = vec![Change::new("\u{1}".repeat(512), None, None); 100];
    event.actor = Actor::service("\\".repeat(128)).name("\u{1}".repeat(256)).email("\u{1}".repeat(256));
    event.actor.on_behalf_of = vec![event.actor.clone(); 4];
    event.trimmed = vec![Trimmed { name: "\u{1}".repeat(128), bytes: 1 }; 32];
    let before = event.clone();
    trim(&mut event);
    assert_eq!(event.validate(), Ok(()));
    assert_eq!((event.id, &event.action, event.outcome), (before.id, &before.action, before.outcome));
    assert_eq!((&event.actor.id, event.actor.kind), (&before.actor.id, ActorKind::Service));
    assert_eq!((event.target, event.occurred_at), (before.target, before.occurred_at));
    assert_eq!(event.related.len(), 19);
    assert_eq!(event.actor.on_behalf_of.len(), 4);
}

#[test]
fn two_long_identifiers_never_become_one() {
    let ids =
        ["a".repeat(200), "a".repeat(201), format!("{}\n", "a".repeat(20)), format!("{}\t", "a".repeat(20))];
    let cut = ids.map(|id| {
        let mut event = event();
        event.actor.id.clone_from(&id);
        event.target.id.clone_from(&id);
        event.target.kind.clone_from(&id);
        trim(&mut event);
        assert_eq!(event.validate(), Ok(()));
        assert_eq!(event.actor.id, event.target.id);
        assert_eq!(marks(&event).len(), 3);
        assert!(event.target.kind.starts_with("aaaaaaaaaaaaaaaaaaaa"), "{}", event.target.kind);
        event.actor.id
    });
    // echo -n a…a | sha256sum, 200 times a
    assert_eq!(cut[0], format!("{}…sha256:c2a908d98f5df987ade41b5fce213067", "a".repeat(88)));
    assert_eq!(cut[0].chars().count(), 128);
    let distinct: std::collections::HashSet<_> = cut.iter().collect();
    assert_eq!(distinct.len(), 4);
    assert!(cut[2].starts_with("aaaaaaaaaaaaaaaaaaaa\u{fffd}…sha256:"), "{}", cut[2]);
}

#[test]
fn each_field_is_brought_within_its_own_limit() {
    let mut event = event();
    event.action = "x".repeat(129).into();
    event.actor.id = String::new();
    event.actor.name = Some("ä".repeat(300));
    event.tags = (0..25).map(|index| if index == 3 { String::new() } else { format!("t{index}") }).collect();
    event.idempotency_key = "short".into();
    event.related = vec![Target::new("a", 1); 21];
    event.metadata.insert("big".into(), json!(u64::MAX));
    event.metadata.insert("deep".into(), (0..40).fold(json!(1), |inner, _| json!([inner])));
    event.metadata.insert("$serde_json::private::Number".into(), json!("1"));
    event.extra.insert("actor".into(), json!("forged"));
    event.position = Some(Position { writer: WriterId::mint(), sequence: u64::MAX });
    trim(&mut event);
    assert_eq!(event.validate(), Ok(()));
    assert!(event.action.starts_with("xxxx") && event.action.contains("…sha256:"), "{}", event.action);
    assert_eq!(event.actor.id, "unresolved");
    assert_eq!(event.actor.name, Some(format!("{}…", "ä".repeat(255))));
    assert_eq!(event.tags.len(), 20);
    assert_eq!(event.idempotency_key, format!("event_{}", event.id));
    assert_eq!(event.metadata["big"], json!("18446744073709551615"));
    assert_eq!(event.metadata["deep"].pointer(&"/0".repeat(14)), Some(&json!("[trimmed]")));
    assert_eq!((event.position, event.extra.len()), (None, 0));
    let names: Vec<&str> = event.trimmed.iter().map(|mark| mark.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "action",
            "actor.id",
            "actor.name",
            "related",
            "tags",
            "sequence",
            "idempotencyKey",
            r#"metadata["$serde_json::private::Number"]"#,
            "metadata.big",
            &format!("metadata.deep{}", "[0]".repeat(14)),
            "actor",
        ]
    );
}

#[test]
fn marks_beyond_the_limit_are_added_up() {
    let mut event = event();
    event.metadata = (0..100).map(|index| (format!("k{index:02}"), json!(u64::MAX))).collect();
    trim(&mut event);
    assert_eq!(event.trimmed.len(), MAX_MARKS);
    assert_eq!(event.trimmed[0], Trimmed { name: "metadata.k00".into(), bytes: 20 });
    assert_eq!(event.trimmed[31], Trimmed { name: "others".into(), bytes: 69 * 20 });
    trim(&mut event);
    assert_eq!(event.trimmed.len(), MAX_MARKS);
}

#[test]
fn a_hundred_thousand_members_leave_an_acceptable_event() {
    let mut event = event();
    event.metadata = (0..100_000).map(|index| (format!("key{index}"), json!(index))).collect();
    event.personal = vec!["key1".into(); 1000];
    trim(&mut event);
    assert_eq!(event.validate(), Ok(()));
    // What could stay did: no more was cut than had to be.
    assert!(event.to_canonical_json().unwrap().len() > MAX_EVENT_BYTES - 4_096);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_event_is_acceptable_after_trimming(mut event in nasty_event()) {
        let before = (event.id, event.actor.kind, event.outcome, event.occurred_at);
        trim(&mut event);
        prop_assert_eq!(event.validate(), Ok(()));
        prop_assert_eq!((event.id, event.actor.kind, event.outcome, event.occurred_at), before);

        // What is acceptable survives the way through canonical JSON, which is what will be stored and hashed.
        let bytes = event.to_canonical_json().unwrap();
        let read: Event = serde_json::from_slice(&bytes).unwrap();
        prop_assert_eq!(read.validate(), Ok(()));
        prop_assert_eq!(read.to_canonical_json().unwrap(), bytes);

        let once = event.clone();
        trim(&mut event);
        prop_assert_eq!(event, once);
    }
}
