//! How much memory an event takes.

use std::mem::size_of;

use serde_json::{Map, Value};

use super::limits::MAX_EVENT_BYTES;
use super::{Actor, Change, Event, Target};

/// What a node of a map costs besides key and value: an entry of a B-tree is on average two thirds of a full node.
const ENTRY: usize = size_of::<String>() + 8;

/// Where a value weighs so much, nobody asks how much more it is: four times the largest event as JSON.
const ENOUGH: usize = 4 * MAX_EVENT_BYTES;

/// The event's size in memory in bytes, give or take allocator overhead; of a value that is larger than any event may be,
/// at least that.
///
/// Not its size as JSON: `[0,0,0]` takes two bytes an element there and sixteen times as much here, and it is memory
/// that the intake has to bound.
pub(crate) fn weight(event: &Event) -> usize {
    let request = event.request.as_ref().map_or(0, |request| {
        [
            &request.id,
            &request.client_request_id,
            &request.session,
            &request.trace_id,
            &request.span_id,
            &request.traceparent,
            &request.method,
            &request.route,
            &request.user_agent,
        ]
        .into_iter()
        .map(text)
        .sum::<usize>()
            + object(&request.extra)
    });
    let origin =
        [&event.origin.service, &event.origin.version, &event.origin.environment, &event.origin.host];
    size_of::<Event>()
        + event.action.len()
        + actor(&event.actor)
        + target(&event.target)
        + event.related.iter().map(|related| size_of::<Target>() + target(related)).sum::<usize>()
        + text(&event.tenant)
        + text(&event.description)
        + text(&event.reason)
        + text(&event.source)
        + strings(&event.tags)
        + strings(&event.personal)
        + event.changes.iter().map(change).sum::<usize>()
        + object(&event.metadata)
        + origin.into_iter().map(text).sum::<usize>()
        + object(&event.origin.extra)
        + request
        + event.operation.as_ref().map_or(0, |operation| operation.id.len())
        + event.idempotency_key.len()
        + object(&event.extra)
}

fn text(text: &Option<String>) -> usize {
    text.as_ref().map_or(0, String::len)
}

fn strings(strings: &[String]) -> usize {
    strings.iter().map(|string| size_of::<String>() + string.len()).sum()
}

pub(crate) fn actor(one: &Actor) -> usize {
    one.id.len()
        + text(&one.name)
        + text(&one.email)
        + text(&one.tenant)
        + one.on_behalf_of.iter().map(|principal| size_of::<Actor>() + actor(principal)).sum::<usize>()
        + object(&one.extra)
}

pub(crate) fn target(target: &Target) -> usize {
    target.kind.len() + target.id.len() + text(&target.name) + object(&target.extra)
}

pub(crate) fn change(change: &Change) -> usize {
    let values = [&change.before, &change.after].into_iter().flatten().map(value).sum::<usize>();
    size_of::<Change>() + change.path.len() + values + object(&change.extra)
}

fn object(members: &Map<String, Value>) -> usize {
    members.iter().take(ENOUGH / ENTRY).map(|(name, member)| ENTRY + name.len() + value(member)).sum()
}

pub(crate) fn value(one: &Value) -> usize {
    match one {
        Value::Null | Value::Bool(_) | Value::Number(_) => size_of::<Value>(),
        Value::String(text) => size_of::<Value>() + text.len(),
        Value::Array(_) | Value::Object(_) => nested(one),
    }
}

/// Without recursion, because nobody has looked at the depth yet, and no further than [`ENOUGH`].
fn nested(one: &Value) -> usize {
    let (mut sum, mut rest) = (0, vec![one]);
    while sum < ENOUGH
        && let Some(one) = rest.pop()
    {
        match one {
            Value::Array(values) => {
                sum += size_of::<Value>();
                rest.extend(values.iter().take(ENOUGH / size_of::<Value>()));
            }
            Value::Object(members) => {
                sum += size_of::<Value>();
                for (name, member) in members.iter().take(ENOUGH / ENTRY) {
                    sum += ENTRY + name.len();
                    rest.push(member);
                }
            }
            scalar => sum += value(scalar),
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::values;

    #[test]
    fn long_texts_and_many_small_values_both_weigh() {
        let bare = Event::builder("a.b").build().unwrap();
        let long = Event::builder("a.b").description("x".repeat(1_000)).build().unwrap();
        assert_eq!(weight(&long) - weight(&bare), 1_000);
        let many = Event::builder("a.b").metadata("n", vec![0; 1_000]).build().unwrap();
        assert!(weight(&many) - weight(&bare) >= 1_000 * size_of::<Value>());
    }

    #[test]
    fn what_nobody_has_bounded_yet_is_weighed_without_recursion_and_no_further_than_it_takes() {
        let mut deep = Value::Null;
        for _ in 0..1_000_000 {
            deep = Value::Array(vec![deep]);
        }
        assert!(value(&deep) >= ENOUGH);
        values::dismantle(deep);
        let wide = Value::Array(vec![Value::Null; 10_000_000]);
        assert!((ENOUGH..2 * ENOUGH).contains(&value(&wide)), "{}", value(&wide));
    }
}
