//! Events as hostile as they can be, for the tests.

use std::net::IpAddr;
use std::time::{Duration, UNIX_EPOCH};

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{
    Actor, Change, Event, EventId, IpSource, Operation, Origin, Outcome, Position, RequestInfo, Retention,
    Target, Timestamp, Trimmed, WriterId,
};

fn nasty_text() -> impl Strategy<Value = String> {
    let piece =
        prop_oneof!["", "[a-z.]{1,12}", Just("\u{1}\n\"\\".to_owned()), "\\PC{1,4}", Just("😀é".to_owned())];
    (piece, prop_oneof![4 => Just(1_usize), 2 => 1..200_usize, 1 => 200..3000_usize])
        .prop_map(|(piece, times)| piece.repeat(times))
}

fn nasty_name() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z]{1,8}",
        1 => nasty_text(),
        // Where the order of UTF-16 is not that of UTF-8.
        1 => "[a\u{d7ff}\u{e000}\u{ffff}\u{10000}\u{10ffff}\"\u{7f}]{0,3}",
        1 => Just("$serde_json::private::Number".to_owned()),
        1 => Just("$serde_json::private::RawValue".to_owned()),
        1 => prop_oneof![Just("id"), Just("action"), Just("writer"), Just("before"), Just("status")]
            .prop_map(str::to_owned),
    ]
}

pub(super) fn nasty_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        nasty_text().prop_map(Value::from),
        (0..40_usize).prop_map(|levels| (0..levels).fold(json!({}), |inner, _| json!({ "a": inner }))),
        (0..300_usize).prop_map(|length| json!(vec![0.000_01; length])),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            btree_map(nasty_name(), inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn nasty_members() -> impl Strategy<Value = Map<String, Value>> {
    prop_oneof![
        2 => Just(Map::new()),
        1 => btree_map(nasty_name(), nasty_value(), 0..5).prop_map(|members| members.into_iter().collect()),
    ]
}

fn nasty_target() -> impl Strategy<Value = Target> {
    (nasty_text(), nasty_text(), option::of(nasty_text()), nasty_members()).prop_map(
        |(kind, id, name, extra)| {
            let mut target = Target::new(kind, id);
            target.name = name;
            target.extra = extra;
            target
        },
    )
}

fn nasty_actor() -> impl Strategy<Value = Actor> {
    let one = (nasty_text(), option::of(nasty_text()), option::of(nasty_text()), nasty_members()).prop_map(
        |(id, name, tenant, extra)| {
            let mut actor = if name.is_some() { Actor::user(id) } else { Actor::service(id) };
            actor.email.clone_from(&name);
            (actor.name, actor.tenant, actor.extra) = (name, tenant, extra);
            actor
        },
    );
    one.prop_recursive(4, 8, 3, |inner| {
        (inner.clone(), vec(inner, 0..4)).prop_map(|(mut actor, principals)| {
            actor.on_behalf_of = principals;
            actor
        })
    })
}

fn nasty_request() -> impl Strategy<Value = RequestInfo> {
    let numbers = (option::of(any::<u64>()), option::of(any::<u16>()), option::of(any::<IpAddr>()));
    (vec(option::of(nasty_text()), 9), numbers, nasty_members()).prop_map(
        |(mut texts, (duration, status, ip), extra)| {
            let mut next = || texts.pop().flatten();
            RequestInfo {
                id: next(),
                client_request_id: next(),
                session: next(),
                trace_id: next(),
                span_id: next(),
                traceparent: next(),
                method: next(),
                route: next(),
                user_agent: next(),
                status,
                ip,
                ip_source: ip.map(|ip| if ip.is_ipv4() { IpSource::XForwardedFor } else { IpSource::Socket }),
                duration_micros: duration,
                extra,
            }
        },
    )
}

pub(super) fn nasty_event() -> impl Strategy<Value = Event> {
    let who = (nasty_text(), nasty_actor(), nasty_target(), vec(nasty_target(), 0..25));
    let texts = (vec(option::of(nasty_text()), 9), vec(nasty_text(), 0..30), nasty_text());
    let change = (nasty_text(), option::of(nasty_value()), option::of(nasty_value()), nasty_members());
    let bulk = (vec(change, 0..8), 1..30_usize, nasty_members(), nasty_members(), nasty_members());
    let rest =
        (option::of(nasty_request()), option::of(any::<u64>()), vec((nasty_text(), any::<u64>()), 0..50));
    (who, texts, bulk, rest).prop_map(|(who, texts, bulk, rest)| {
        let mut event = Event::bare(EventId::mint(), "a.b".into());
        let (action, actor, target, related) = who;
        event.action = action.into();
        (event.actor, event.target, event.related) = (actor, target, related);
        let (mut optional, tags, key) = texts;
        let mut next = || optional.pop().flatten();
        (event.tenant, event.description, event.reason, event.source) = (next(), next(), next(), next());
        event.tags = tags;
        event.idempotency_key = key;
        let (changes, times, metadata, extra, origin) = bulk;
        let changes = changes.into_iter().map(|(path, before, after, extra)| {
            let mut change = Change::new(path, before, after);
            change.extra = extra;
            change
        });
        event.changes = vec![changes.collect::<Vec<_>>(); times].concat();
        event.personal = metadata.keys().cloned().chain(next()).collect();
        (event.metadata, event.extra) = (metadata, extra);
        event.origin =
            Origin { service: next(), version: next(), environment: next(), host: next(), extra: origin };
        let (request, sequence, trimmed) = rest;
        event.occurred_at = request
            .as_ref()
            .and_then(|request| request.duration_micros)
            .map_or_else(Timestamp::now, |seed| Timestamp::from(UNIX_EPOCH + Duration::from_micros(seed)));
        event.retention = sequence.map(|_| Retention::Archive);
        event.user_visible = event.reason.is_some();
        event.outcome = if event.user_visible { Outcome::Denied } else { Outcome::Unknown };
        event.request = request;
        event.operation = event.reason.clone().map(|id| Operation { id, index: 1, of: 2 });
        event.position = sequence.map(|sequence| Position { writer: WriterId::mint(), sequence });
        event.previous = event.position;
        event.trimmed = trimmed.into_iter().map(|(name, bytes)| Trimmed { name, bytes }).collect();
        event
    })
}
