//! One thing that is expected of an event.

use std::fmt;

use serde::Serialize;
use serde_json::{Number, Value, json};

use crate::event::{Event, RequestInfo};

/// A member of an event and the value that it should have.
#[derive(Debug, Clone)]
pub(super) struct Condition {
    pub(super) member: Member,
    pub(super) value: Value,
}

/// What can be expected of.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Member {
    Action,
    Actor,
    Target,
    Related,
    Tenant,
    Outcome,
    Reason,
    Description,
    Tags,
    UserVisible,
    Source,
    RequestId,
    TraceId,
    Method,
    Route,
    Status,
    Field(String),
}

impl Condition {
    pub(super) fn is_met_by(&self, event: &Event) -> bool {
        let (expected, found) = (&self.value, self.found_in(event));
        match self.member {
            Member::Actor => fits_party(expected, &found, |_, id| same_id(expected, id)),
            Member::Target => fits_target(expected, &found),
            Member::Related | Member::Tags if expected.is_null() => items(&found).is_empty(),
            Member::Related => items(&found).iter().any(|target| fits_target(expected, target)),
            Member::Tags => items(expected).iter().all(|tag| items(&found).contains(tag)),
            Member::Tenant | Member::RequestId => same_id(expected, &found),
            _ => same(expected, &found),
        }
    }

    /// What the event has there, told no further than the condition asks: an id where it names an id.
    pub(super) fn found_alike(&self, event: &Event) -> Value {
        let found = self.found_in(event);
        let pair = |target: &Value| json!([target.get("kind"), target.get("id")]);
        match self.member {
            _ if self.value.is_object() => found,
            Member::Actor => found.get("id").cloned().unwrap_or_default(),
            Member::Target => pair(&found),
            Member::Related => match items(&found) {
                [] => Value::Null,
                targets => targets.iter().map(pair).collect(),
            },
            _ => found,
        }
    }

    /// What the event has there; null where it has nothing.
    pub(super) fn found_in(&self, event: &Event) -> Value {
        let of_request = |look: fn(&RequestInfo) -> Value| event.request.as_ref().map_or(Value::Null, look);
        match &self.member {
            Member::Action => json!(event.action),
            Member::Actor => json(&event.actor),
            Member::Target => json(&event.target),
            Member::Related => json(&event.related),
            Member::Tenant => json!(event.tenant),
            Member::Outcome => json!(event.outcome),
            Member::Reason => json!(event.reason),
            Member::Description => json!(event.description),
            Member::Tags => json!(event.tags),
            Member::UserVisible => json!(event.user_visible),
            Member::Source => json!(event.source),
            Member::RequestId => of_request(|request| json!(request.id)),
            Member::TraceId => of_request(|request| json!(request.trace_id)),
            Member::Method => of_request(|request| json!(request.method)),
            Member::Route => of_request(|request| json!(request.route)),
            Member::Status => of_request(|request| json!(request.status)),
            Member::Field(name) => event.metadata.get(name).cloned().unwrap_or_default(),
        }
    }
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Action => "action",
            Self::Actor => "actor",
            Self::Target => "target",
            Self::Related => "related",
            Self::Tenant => "tenant",
            Self::Outcome => "outcome",
            Self::Reason => "reason",
            Self::Description => "description",
            Self::Tags => "tags",
            Self::UserVisible => "user_visible",
            Self::Source => "source",
            Self::RequestId => "request_id",
            Self::TraceId => "trace_id",
            Self::Method => "method",
            Self::Route => "route",
            Self::Status => "status",
            Self::Field(name) => return write!(f, "field {name}"),
        })
    }
}

fn json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// A list's items; a single value is a list of one.
fn items(value: &Value) -> &[Value] {
    match value {
        Value::Array(items) => items,
        Value::Null => &[],
        one => std::slice::from_ref(one),
    }
}

/// `(kind, id)`, or a target that says at most what is there.
fn fits_target(expected: &Value, found: &Value) -> bool {
    fits_party(expected, found, |kind, id| match items(expected) {
        [expected_kind, expected_id] => same(expected_kind, kind) && same_id(expected_id, id),
        _ => false,
    })
}

/// An actor or a target that says at most what is there, or whatever else `short` accepts for its kind and id.
fn fits_party(expected: &Value, found: &Value, short: impl Fn(&Value, &Value) -> bool) -> bool {
    let member = |name: &str| found.get(name).unwrap_or(&Value::Null);
    let Some(said) = expected.as_object() else { return short(member("kind"), member("id")) };
    said.iter().all(|(name, value)| match name.as_str() {
        "id" => same_id(value, member(name)),
        _ => same(value, member(name)),
    })
}

/// Ids are texts; a test may write them as numbers.
fn same_id(expected: &Value, found: &Value) -> bool {
    match (expected, found) {
        (Value::Number(expected), Value::String(found)) => expected.to_string() == *found,
        _ => expected == found,
    }
}

/// Numbers are equal when their values are: canonical JSON writes `2900.0` as `2900`.
fn same(expected: &Value, found: &Value) -> bool {
    match (expected, found) {
        (Value::Number(one), Value::Number(other)) => one == other || same_number(one, other),
        (Value::Array(ones), Value::Array(others)) => {
            ones.len() == others.len() && ones.iter().zip(others).all(|(one, other)| same(one, other))
        }
        (Value::Object(ones), Value::Object(others)) => {
            ones.len() == others.len()
                && ones.iter().all(|(name, one)| others.get(name).is_some_and(|other| same(one, other)))
        }
        _ => expected == found,
    }
}

/// Only across integer and float: two integers beyond 2^53 may share a float.
fn same_number(one: &Number, other: &Number) -> bool {
    one.is_f64() != other.is_f64() && one.as_f64() == other.as_f64()
}
