use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::event::arbitrary::nasty_event;
use crate::event::{Actor, Change, EventId, Operation, Position, RequestInfo, Target, Trimmed, WriterId};

fn event() -> Event {
    let mut event = Event::builder("invoice.update").actor(Actor::user("ada")).build().unwrap();
    event.target = Target::new("invoice", 7);
    event
}

fn problems(event: &Event) -> Vec<String> {
    match event.validate() {
        Ok(()) => Vec::new(),
        Err(invalid) => invalid.problems().iter().map(ToString::to_string).collect(),
    }
}

/// Arrays inside one another.
fn nested(levels: usize) -> Value {
    // `json!` would clone what is inside, by recursion.
    (1..levels).fold(Value::Array(Vec::new()), |inner, _| Value::Array(vec![inner]))
}

type SetText = fn(&mut Event, String);

fn request(event: &mut Event) -> &mut RequestInfo {
    event.request.get_or_insert_default()
}

const TEXTS: &[(&str, usize, SetText)] = &[
    ("action", 128, |event, text| event.action = text.into()),
    ("actor.id", 128, |event, text| event.actor.id = text),
    ("actor.name", 256, |event, text| event.actor.name = Some(text)),
    ("actor.email", 256, |event, text| event.actor.email = Some(text)),
    ("actor.tenant", 128, |event, text| event.actor.tenant = Some(text)),
    ("actor.onBehalfOf[0].id", 128, |event, text| event.actor.on_behalf_of = vec![Actor::user(text)]),
    ("target.kind", 64, |event, text| event.target.kind = text),
    ("target.id", 128, |event, text| event.target.id = text),
    ("target.name", 256, |event, text| event.target.name = Some(text)),
    ("related[1].id", 128, |event, text| event.related = vec![Target::new("a", 1), Target::new("a", text)]),
    ("tenant", 128, |event, text| event.tenant = Some(text)),
    ("description", 1024, |event, text| event.description = Some(text)),
    ("tags[0]", 64, |event, text| event.tags = vec![text]),
    ("reason", 512, |event, text| event.reason = Some(text)),
    ("changes[0].path", 512, |event, text| event.changes = vec![Change::new(text, None, None)]),
    ("origin.service", 256, |event, text| event.origin.service = Some(text)),
    ("origin.version", 256, |event, text| event.origin.version = Some(text)),
    ("origin.environment", 256, |event, text| event.origin.environment = Some(text)),
    ("origin.host", 256, |event, text| event.origin.host = Some(text)),
    ("source", 64, |event, text| event.source = Some(text)),
    ("request.id", 128, |event, text| request(event).id = Some(text)),
    ("request.clientRequestId", 128, |event, text| request(event).client_request_id = Some(text)),
    ("request.session", 128, |event, text| request(event).session = Some(text)),
    ("request.traceId", 128, |event, text| request(event).trace_id = Some(text)),
    ("request.spanId", 128, |event, text| request(event).span_id = Some(text)),
    ("request.traceparent", 128, |event, text| request(event).traceparent = Some(text)),
    ("request.method", 128, |event, text| request(event).method = Some(text)),
    ("request.route", 512, |event, text| request(event).route = Some(text)),
    ("request.userAgent", 512, |event, text| request(event).user_agent = Some(text)),
    ("operation.id", 128, |event, text| event.operation = Some(Operation { id: text, index: 0, of: 1 })),
    ("trimmed[0].name", 128, |event, text| event.trimmed = vec![Trimmed { name: text, bytes: 1 }]),
];

#[test]
fn each_text_is_accepted_at_its_limit_and_refused_one_character_later() {
    for (field, max, set) in TEXTS {
        let mut event = event();
        // Two bytes a character: it is characters that count.
        set(&mut event, "ä".repeat(*max));
        assert_eq!(problems(&event), [""; 0], "{field}");
        set(&mut event, "ä".repeat(max + 1));
        let expected = format!("{field}: at most {max} characters are accepted, found {}", max + 1);
        assert_eq!(problems(&event), [expected]);
    }
}

#[test]
fn identifiers_are_neither_empty_nor_more_than_a_line() {
    let mut event = event();
    event.action = "".into();
    event.actor.id = String::new();
    event.target.kind = String::new();
    event.target.id = "7\n2026-01-01 forged line".into();
    event.tags = vec![String::new()];
    assert_eq!(
        problems(&event),
        [
            "action: 1 to 128 characters are accepted, found none",
            "actor.id: 1 to 128 characters are accepted, found none",
            "target.kind: 1 to 64 characters are accepted, found none",
            "target.id: control characters are not accepted, found one",
            "tags[0]: 1 to 64 characters are accepted, found none",
        ]
    );
    event = self::event();
    event.description = Some("two\nlines".into());
    event.action = "has change admin password".into();
    assert_eq!(problems(&event), [""; 0]);
}

#[test]
fn each_list_is_accepted_at_its_limit_and_refused_one_later() {
    let mut event = event();
    event.related = vec![Target::new("invoice", 1); 19];
    event.changes = vec![Change::new("/a", None, Some(json!(1))); 100];
    event.tags = vec!["a".into(); 20];
    event.trimmed = vec![Trimmed { name: "a".into(), bytes: 1 }; 32];
    event.actor.on_behalf_of = vec![Actor::user("a"); 4];
    assert_eq!(problems(&event), [""; 0]);

    event.related.push(Target::new("invoice", 1));
    event.changes.push(Change::new("/a", None, None));
    event.tags.push("a".into());
    event.trimmed.push(Trimmed { name: "a".into(), bytes: 1 });
    event.actor.on_behalf_of.push(Actor::user("a"));
    assert_eq!(
        problems(&event),
        [
            "actor.onBehalfOf[4]: at most 4 actors in all are accepted, found more",
            "related: at most 19 are accepted, found 20",
            "tags: at most 20 are accepted, found 21",
            "trimmed: at most 32 are accepted, found 33",
            "changes: at most 100 are accepted, found 101",
        ]
    );
}

#[test]
fn actors_behind_actors_count_too() {
    let mut event = event();
    let chain =
        |length: usize| (1..length).fold(Actor::user("p"), |actor, _| Actor::user("p").on_behalf_of(actor));
    event.actor.on_behalf_of = vec![chain(4)];
    assert_eq!(problems(&event), [""; 0]);
    event.actor.on_behalf_of = vec![chain(2), chain(3)];
    assert_eq!(
        problems(&event),
        ["actor.onBehalfOf[1].onBehalfOf[0].onBehalfOf[0]: at most 4 actors in all are accepted, found more"]
    );
}

#[test]
fn an_idempotency_key_has_12_to_255_printable_ascii_characters() {
    for (key, accepted) in [
        ("a".repeat(11), false),
        ("a".repeat(12), true),
        ("a".repeat(255), true),
        ("a".repeat(256), false),
        ("webhook 17 ~!".into(), true),
        (" webhook 17 ~".into(), false),
        ("webhook 17 ~ ".into(), false),
        ("webhook\t17 ~".into(), false),
        ("wébhook-17-x".into(), false),
    ] {
        let mut event = event();
        event.idempotency_key.clone_from(&key);
        let expected = format!(
            "idempotencyKey: 12 to 255 printable ASCII characters without a space at either end are accepted, found \
             {} characters",
            key.chars().count()
        );
        assert_eq!(problems(&event), if accepted { vec![] } else { vec![expected] }, "{key}");
    }
}

#[test]
fn the_whole_event_has_at_most_65536_bytes_of_canonical_json() {
    let mut event = event();
    event.metadata.insert("blob".into(), json!(""));
    let free = 65_536 - event.to_canonical_json().unwrap().len();
    event.metadata.insert("blob".into(), json!("x".repeat(free)));
    assert_eq!(event.to_canonical_json().unwrap().len(), 65_536);
    assert_eq!(problems(&event), [""; 0]);

    // What the journal adds later doesn't count.
    event.position = Some(Position { writer: WriterId::mint(), sequence: 4711 });
    event.previous = Some(Position { writer: WriterId::mint(), sequence: 1 });
    assert_eq!(problems(&event), [""; 0]);

    event.metadata.insert("blob".into(), json!("x".repeat(free + 1)));
    let expected = "metadata: at most 65536 bytes of canonical JSON are accepted for the whole event, found 65537, \
                    and this is its largest part";
    assert_eq!(problems(&event), [expected]);
    event.position = None;
    event.previous = None;
    assert_eq!(problems(&event), [expected]);
}

#[test]
fn fractions_are_counted_as_canonical_json_writes_them() {
    let mut event = event();
    // 0.00001 in canonical JSON, 1e-5 elsewhere.
    event.metadata.insert("numbers".into(), json!(vec![0.000_01; 5000]));
    event.metadata.insert("blob".into(), json!(""));
    let free = 65_536 - event.to_canonical_json().unwrap().len();
    event.metadata.insert("blob".into(), json!("x".repeat(free)));
    assert_eq!(problems(&event), [""; 0]);
    event.metadata.insert("blob".into(), json!("x".repeat(free + 1)));
    assert_eq!(problems(&event).len(), 1);
}

#[test]
fn objects_and_arrays_nest_at_most_16_deep_counting_the_event() {
    let mut event = event();
    // The event is the first level, metadata the second.
    event.metadata.insert("a".into(), nested(14));
    event.extra.insert("future".into(), nested(15));
    event.changes = vec![Change::new("/a", Some(nested(13)), None)];
    event.actor.extra.insert("x".into(), nested(14));
    event.related = vec![Target::new("a", 1)];
    event.related[0].extra.insert("x".into(), nested(13));
    assert_eq!(problems(&event), [""; 0]);

    event.metadata.insert("a".into(), nested(15));
    event.extra.insert("future".into(), nested(16));
    event.changes = vec![Change::new("/a", Some(nested(14)), None)];
    event.actor.extra.insert("x".into(), nested(15));
    event.related[0].extra.insert("x".into(), nested(14));
    let fields: Vec<String> =
        event.validate().unwrap_err().problems().iter().map(|problem| problem.field.clone()).collect();
    assert_eq!(
        fields,
        [
            format!("actor.x{}", "[0]".repeat(14)),
            format!("related[0].x{}", "[0]".repeat(13)),
            format!("changes[0].before{}", "[0]".repeat(13)),
            format!("metadata.a{}", "[0]".repeat(14)),
            format!("future{}", "[0]".repeat(15)),
        ]
    );
    assert!(problems(&event)[0].ends_with(": at most 16 objects and arrays inside one another, found 17"));
}

#[test]
fn numbers_and_names_that_json_would_change_are_refused_wherever_they_stand() {
    let mut event = event();
    event.metadata.insert("ok".into(), json!([9_007_199_254_740_992_u64, -9_007_199_254_740_992_i64, 1e300]));
    assert_eq!(problems(&event), [""; 0]);

    event.metadata.insert("a".into(), json!({"b": [1, 9_007_199_254_740_993_u64]}));
    event.metadata.insert("c".into(), json!({"$serde_json::private::Number": "1"}));
    event.extra.insert("$serde_json::private::RawValue".into(), json!(1));
    event.changes = vec![Change::new("/a", None, Some(json!(-9_007_199_254_740_993_i64)))];
    request(&mut event).duration_micros = Some(u64::MAX);
    let fields: Vec<String> =
        event.validate().unwrap_err().problems().iter().map(|problem| problem.field.clone()).collect();
    assert_eq!(
        fields,
        [
            "request.durationMicros",
            "changes[0].after",
            "metadata.a.b[1]",
            r#"metadata.c["$serde_json::private::Number"]"#,
            r#"["$serde_json::private::RawValue"]"#,
        ]
    );
}

#[test]
fn an_unknown_member_cannot_pose_as_a_known_one() {
    let mut event = event();
    event.extra.insert("outcome".into(), json!("success"));
    event.actor.extra.insert("id".into(), json!("somebody else"));
    assert_eq!(
        problems(&event),
        [
            "actor.id: an unknown member can't have the name of a known one",
            "outcome: an unknown member can't have the name of a known one",
        ]
    );
}

#[test]
fn the_lists_of_known_members_are_complete() {
    let mut event = event();
    event.tenant = Some("t".into());
    event.description = Some("d".into());
    event.reason = Some("r".into());
    event.retention = Some(crate::event::Retention::Hot);
    event.tags = vec!["t".into()];
    event.personal = vec!["p".into()];
    event.metadata.insert("m".into(), json!(1));
    event.source = Some("api".into());
    event.origin.service = Some("s".into());
    event.origin.version = Some("s".into());
    event.origin.environment = Some("s".into());
    event.origin.host = Some("s".into());
    event.actor = Actor::user("a").name("n").email("e").tenant("t").on_behalf_of(Actor::user("b"));
    event.target.name = Some("n".into());
    event.related = vec![Target::new("a", 1)];
    event.changes = vec![Change::new("/a", Some(json!(1)), Some(json!(2)))];
    event.position = Some(Position { writer: WriterId::mint(), sequence: 1 });
    event.previous = event.position;
    event.operation = Some(Operation { id: "o".into(), index: 0, of: 1 });
    event.trimmed = vec![Trimmed { name: "a".into(), bytes: 1 }];
    event.request = Some(RequestInfo {
        id: Some("i".into()),
        client_request_id: Some("c".into()),
        session: Some("s".into()),
        trace_id: Some("t".into()),
        span_id: Some("s".into()),
        traceparent: Some("t".into()),
        method: Some("GET".into()),
        route: Some("/".into()),
        status: Some(200),
        ip: Some([127, 0, 0, 1].into()),
        ip_source: Some(crate::event::IpSource::Socket),
        user_agent: Some("u".into()),
        duration_micros: Some(1),
        extra: serde_json::Map::new(),
    });
    let json = serde_json::to_value(&event).unwrap();
    for (object, known) in [
        (&json, members::EVENT),
        (&json["actor"], members::ACTOR),
        (&json["target"], members::TARGET),
        (&json["changes"][0], members::CHANGE),
        (&json["origin"], members::ORIGIN),
        (&json["request"], members::REQUEST),
    ] {
        let mut known = known.to_vec();
        known.sort_unstable();
        let mut there: Vec<&String> = object.as_object().unwrap().keys().collect();
        there.sort_unstable();
        assert_eq!(there, known);
    }
}

#[test]
fn every_problem_is_told_at_once() {
    let mut event = event();
    event.actor.id = String::new();
    event.related = vec![Target::new("a", 1), Target::new("a", "x".repeat(200))];
    event.idempotency_key = "short".into();
    let invalid = event.validate().unwrap_err();
    assert_eq!(
        invalid.to_string(),
        "the event can't be recorded: actor.id: 1 to 128 characters are accepted, found none; related[1].id: at \
         most 128 characters are accepted, found 200; idempotencyKey: 12 to 255 printable ASCII characters without \
         a space at either end are accepted, found 5 characters"
    );
}

#[test]
fn a_million_bad_members_make_a_short_list() {
    let mut event = event();
    event.metadata = (0..1_000_000).map(|index| (format!("k{index}"), json!(u64::MAX))).collect();
    let problems = problems(&event);
    assert_eq!(problems.len(), 33);
    assert_eq!(problems[32], "event: has more problems; the first 32 are listed");
}

#[test]
fn a_million_good_members_are_too_many_and_not_all_looked_at() {
    let mut event = event();
    event.metadata = (0..1_000_000).map(|index| (format!("k{index}"), json!(index))).collect();
    assert_eq!(
        problems(&event),
        ["metadata: at most 65536 bytes of canonical JSON are accepted, found more"]
    );
}

#[test]
fn a_value_nested_without_end_is_refused_without_overflowing_the_stack() {
    let mut event = event();
    event.metadata.insert("deep".into(), nested(100_000));
    assert_eq!(problems(&event).len(), 1);
    // Neither behind more values than are looked at.
    event.extra.insert("wide".into(), json!(vec![0; 70_000]));
    event.metadata.insert("awide".into(), json!(vec![0; 70_000]));
    assert_eq!(
        problems(&event),
        ["metadata: at most 65536 bytes of canonical JSON are accepted, found more"]
    );
    crate::event::trim::trim(&mut event);
    assert_eq!(problems(&event), [""; 0]);
}

#[test]
fn the_builder_reports_its_own_problems_and_the_limits_together() {
    let unserialisable = std::collections::HashMap::from([(vec![1], 1)]);
    let invalid =
        Event::builder("").metadata("map", unserialisable).metadata("big", u64::MAX).build().unwrap_err();
    let fields: Vec<&str> = invalid.problems().iter().map(|problem| problem.field.as_str()).collect();
    assert_eq!(fields, ["metadata.map", "action", "target.id", "metadata.big"]);
}

#[test]
fn a_bare_event_is_acceptable() {
    let event = Event::bare(EventId::mint(), "login".into());
    assert_eq!(problems(&event), [""; 0]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn no_acceptable_event_is_larger_than_it_can_be(mut event in nasty_event()) {
        crate::event::trim::trim(&mut event);
        (event.position, event.previous) = (None, None);
        let bytes = event.to_canonical_json().unwrap().len();
        prop_assert!(check::at_most(&event).unwrap() >= bytes);
        // Nor when there is nothing in it but what comes with every event.
        (event.metadata, event.changes, event.extra) = Default::default();
        let bytes = event.to_canonical_json().unwrap().len();
        prop_assert!(check::at_most(&event).unwrap() >= bytes);
    }
}
