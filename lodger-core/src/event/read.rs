//! Reading the parts of an event: objects whose unknown members are kept.
//!
//! By hand, because serde's `flatten` keeps a copy of every member until it knows which ones are unknown.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::Map;

use super::{Actor, Change, Event, Origin, Position, RequestInfo, Target, WriterId};

/// Implements `Deserialize` for an object: each known member with how it is read ([`required`], [`optional`],
/// [`present`]), and what is made of them and of the unknown ones.
macro_rules! read {
    ($type:ident as $what:literal: $($member:ident = $name:literal $how:ident,)* ..$unknown:ident => $made:expr) => {
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Members;
                impl<'de> Visitor<'de> for Members {
                    type Value = $type;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($what)
                    }

                    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<$type, A::Error> {
                        $(let mut $member = None;)*
                        let mut $unknown = Map::new();
                        while let Some(Name(name)) = map.next_key()? {
                            match &*name {
                                $($name => once(&mut $member, $name, &mut map)?,)*
                                _ => {
                                    $unknown.insert(name.into_owned(), map.next_value()?);
                                }
                            }
                        }
                        $(let $member = $how($member, $name)?;)*
                        Ok($made)
                    }
                }
                deserializer.deserialize_map(Members)
            }
        }
    };
}

read! {
    Event as "an event":
    id = "id" required,
    action = "action" required,
    actor = "actor" required,
    target = "target" required,
    related = "related" optional,
    tenant = "tenant" optional,
    description = "description" optional,
    tags = "tags" optional,
    user_visible = "userVisible" optional,
    retention = "retention" optional,
    outcome = "outcome" required,
    reason = "reason" optional,
    changes = "changes" optional,
    metadata = "metadata" optional,
    personal = "personal" optional,
    origin = "origin" optional,
    source = "source" optional,
    occurred_at = "occurredAt" required,
    request = "request" optional,
    writer = "writer" optional,
    sequence = "sequence" optional,
    previous = "previous" optional,
    operation = "operation" optional,
    idempotency_key = "idempotencyKey" required,
    trimmed = "trimmed" optional,
    ..extra => Event {
        id, action, actor, target, related, tenant, description, tags, user_visible, retention, outcome, reason,
        changes, metadata, personal, origin, source, occurred_at, request, position: position(writer, sequence)?,
        previous, operation, idempotency_key, trimmed, extra,
    }
}

read! {
    Actor as "an actor":
    id = "id" required,
    kind = "kind" required,
    name = "name" optional,
    email = "email" optional,
    tenant = "tenant" optional,
    on_behalf_of = "onBehalfOf" optional,
    ..extra => Actor { id, kind, name, email, tenant, on_behalf_of, extra }
}

read! {
    Target as "a target":
    kind = "kind" required,
    id = "id" required,
    name = "name" optional,
    ..extra => Target { kind, id, name, extra }
}

read! {
    Change as "a change":
    op = "op" required,
    path = "path" required,
    before = "before" present,
    after = "after" present,
    ..extra => Change { op, path, before, after, extra }
}

read! {
    Origin as "an origin":
    service = "service" optional,
    version = "version" optional,
    environment = "environment" optional,
    host = "host" optional,
    ..extra => Origin { service, version, environment, host, extra }
}

read! {
    RequestInfo as "a request":
    id = "id" optional,
    client_request_id = "clientRequestId" optional,
    session = "session" optional,
    trace_id = "traceId" optional,
    span_id = "spanId" optional,
    traceparent = "traceparent" optional,
    method = "method" optional,
    route = "route" optional,
    status = "status" optional,
    ip = "ip" optional,
    ip_source = "ipSource" optional,
    user_agent = "userAgent" optional,
    duration_micros = "durationMicros" optional,
    ..extra => RequestInfo {
        id, client_request_id, session, trace_id, span_id, traceparent, method, route, status, ip, ip_source,
        user_agent, duration_micros, extra,
    }
}

impl Event {
    /// Reads an event from the bytes of its JSON: `serde_json::from_slice`, but whether they are UTF-8 is asked once
    /// for all of them, not for every text.
    pub(crate) fn from_json(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        match std::str::from_utf8(bytes) {
            Ok(text) => serde_json::from_str(text),
            // For the error, which says where.
            Err(_) => serde_json::from_slice(bytes),
        }
    }
}

/// The name of a member, borrowed where it stands in the text as it is.
struct Name<'de>(Cow<'de, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a member")
            }

            fn visit_borrowed_str<E: Error>(self, name: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(name)))
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

/// Reads the member's value, which stands there once at most.
fn once<'de, T: Deserialize<'de>, A: MapAccess<'de>>(
    member: &mut Option<T>,
    name: &'static str,
    map: &mut A,
) -> Result<(), A::Error> {
    if member.is_some() {
        return Err(Error::duplicate_field(name));
    }
    *member = Some(map.next_value()?);
    Ok(())
}

/// The member has to be there.
fn required<T, E: Error>(member: Option<T>, name: &'static str) -> Result<T, E> {
    member.ok_or_else(|| Error::missing_field(name))
}

/// Absent is the default. For an `Option`, null is absent too.
#[expect(clippy::unnecessary_wraps, reason = "one signature for all three")]
fn optional<T: Default, E: Error>(member: Option<T>, _: &'static str) -> Result<T, E> {
    Ok(member.unwrap_or_default())
}

/// A member that is there and null is a value, not an absence: a column set to NULL must be recorded as such.
#[expect(clippy::unnecessary_wraps, reason = "one signature for all three")]
fn present<T, E: Error>(member: Option<T>, _: &'static str) -> Result<Option<T>, E> {
    Ok(member)
}

/// Half a place is a mistake: to pass over it would lose it.
fn position<E: Error>(writer: Option<WriterId>, sequence: Option<u64>) -> Result<Option<Position>, E> {
    match (writer, sequence) {
        (Some(writer), Some(sequence)) => Ok(Some(Position { writer, sequence })),
        (None, None) => Ok(None),
        _ => Err(Error::custom("`writer` and `sequence` stand together or not at all")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const ORDINARY: &str = r#""action":"a.b","actor":{"id":"ada","kind":"user"},"target":{"kind":"invoice","id":"7"},
        "id":"0199b1c0-0000-7000-8000-000000000001","outcome":"success","idempotencyKey":"event_0199b1c0",
        "occurredAt":"2026-05-15T12:00:00Z""#;

    fn read(more: &str) -> Result<Event, String> {
        serde_json::from_str(&format!("{{{ORDINARY}{more}}}")).map_err(|error| error.to_string())
    }

    #[test]
    fn an_escaped_name_is_the_same_name() {
        let event = read(r#","\u0074enant":"acme","\u0062":1"#).unwrap();
        assert_eq!((event.tenant.as_deref(), &event.extra["b"]), (Some("acme"), &json!(1)));
    }

    #[test]
    fn a_value_reads_like_its_text() {
        let event = read(r#","tags":["x"],"future":{"a":[1]},"request":{"status":200,"tls":1.5}"#).unwrap();
        let value: Value = serde_json::to_value(&event).unwrap();
        assert_eq!(serde_json::from_value::<Event>(value).unwrap(), event);
    }

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        let bytes = format!("{{{ORDINARY}}}").into_bytes();
        assert_eq!(Event::from_json(&bytes).unwrap(), read("").unwrap());
        let broken = [bytes.as_slice(), b"\xff"].concat();
        assert!(Event::from_json(&broken).is_err());
    }

    #[test]
    fn what_is_missing_or_stands_twice_is_named() {
        let error = serde_json::from_str::<Target>(r#"{"kind":"invoice"}"#).unwrap_err().to_string();
        assert!(error.contains("missing field `id`"), "{error}");
        let error = read(r#","tenant":"a","tenant":"b""#).unwrap_err();
        assert!(error.contains("duplicate field `tenant`"), "{error}");
        let error = serde_json::from_str::<Event>("[]").unwrap_err().to_string();
        assert!(error.contains("expected an event"), "{error}");
        assert_eq!(read(r#","note":1,"note":2"#).unwrap().extra["note"], 2);
    }

    #[test]
    fn half_a_place_is_refused_and_a_member_that_is_null_is_absent() {
        let error = read(r#","sequence":3"#).unwrap_err();
        assert!(error.contains("`writer` and `sequence` stand together or not at all"), "{error}");
        let event = read(r#","request":null,"retention":null"#).unwrap();
        assert_eq!((event.request, event.position, event.retention), (None, None, None));
    }
}
